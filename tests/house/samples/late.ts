/** `node late.ts`: begins what tells a lot before it fails, or goes on with it, and prints what came of it. */
import { OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent({ name: 'trainer', module: new URL('./trainer.ts', import.meta.url) });
const first = await agent.execute({ operation: 'fail-late' }).catch((error: unknown) => String(error));
const second = await agent.execute({ operation: 'fail-late', useSnapshot: true });
console.log(JSON.stringify({ first, value: second.value }));
