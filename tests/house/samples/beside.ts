/** `node beside.ts`: two agents that share a house, and two that have one each, on one data folder. */
import { createHouse, OpenClawAgent } from 'openclaw-runtime';

const module = new URL('./trainer.ts', import.meta.url);
const operation = 'train-model';
await using house = createHouse();
const shared = ['a', 'b'].map((name) => new OpenClawAgent({ name, module, house }));
const apart = ['c', 'd'].map((name) => new OpenClawAgent({ name, module }));
const results = await Promise.all([...shared, ...apart].map((agent) => agent.execute({ operation })));
console.log(JSON.stringify(results.map(({ value }) => value)));
