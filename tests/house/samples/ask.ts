/** `node ask.ts TEXT`: asks the default agent, and prints its answer. */
import { OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent();
const { run, text } = await agent.execute({ query: process.argv[2] ?? '' });
console.log(JSON.stringify({ run, text }));
