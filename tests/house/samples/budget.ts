/** `node budget.ts USD TEXT`: asks an agent whose runs may cost so much, and prints what came of it. */
import { OpenClawAgent, OpenClawError } from 'openclaw-runtime';

const [usd = '0', text = ''] = process.argv.slice(2);
const agent = new OpenClawAgent({ budget: Number(usd) });
try {
  console.log(JSON.stringify(await agent.execute(text)));
} catch (error) {
  if (!(error instanceof OpenClawError)) throw error;
  console.log(JSON.stringify({ error: error.toBody(), unstable: agent.isUnstable() }));
}
