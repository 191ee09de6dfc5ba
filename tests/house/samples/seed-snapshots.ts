/** The sample of an agent with snapshots, as it is written down. */
import { OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent({
  threadBound: true,
  snapshot: true,
  snapshotInterval: 5000,
});

await agent.execute({
  operation: 'train-model',
  useSnapshot: true,
});

console.log('trained');
