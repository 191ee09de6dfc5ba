/** `node train.ts URL EPOCHS`: trains, or goes on with what was begun, and prints what came of it. */
import { OpenClawAgent } from 'openclaw-runtime';

const [url = '', epochs = '5'] = process.argv.slice(2);
const agent = new OpenClawAgent({ name: 'trainer', module: new URL('./trainer.ts', import.meta.url) });
const { run, value } = await agent.execute({ operation: 'train-model', args: { url, epochs: Number(epochs) }, useSnapshot: true });
console.log(JSON.stringify({ run, value, unstable: agent.isUnstable() }));
