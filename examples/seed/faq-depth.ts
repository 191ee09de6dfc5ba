/** It thinks too much, or too little: at most level 3, levels by tag, or a level by hand. */
import { OpenClawAgent } from 'openclaw-runtime';

const query = 'Prove that there are infinitely many primes of the form 4n + 3. Think as hard as you can.';

const capped = new OpenClawAgent({ adaptiveReasoning: true, maxLevel: 3 });
const { level: atMost3 } = await capped.execute({ query });
await capped.close();

const tagged = new OpenClawAgent({ adaptiveReasoning: true, levelThresholds: { simple: 1, proof: 2 }, exact: true });
const { level: byTag } = await tagged.execute({ query, complexity: 'proof' });
await tagged.close();

const byHand = new OpenClawAgent({ adaptiveReasoning: false, reasoningLevel: 1 });
const { level: fixed } = await byHand.execute({ query });
await byHand.close();

const off = new OpenClawAgent({ adaptiveReasoning: false });
const { level: none } = await off.execute({ query });

console.log(JSON.stringify({ atMost3, byTag, fixed, none: none ?? 'left to the provider' }));
