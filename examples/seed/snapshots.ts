/** An agent that saves its state as it works: the sample as it is written down; below it the same again, for its result. */
import { OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent({
  threadBound: true,
  snapshot: true, // 啟用 runtime snapshot
  snapshotInterval: 5000 // 每 5 秒保存一次
});
// 狀態隔離
await agent.execute({
  operation: 'train-model',
  useSnapshot: true
});

const { value } = await agent.execute({ operation: 'train-model' });
console.log(JSON.stringify(value));
