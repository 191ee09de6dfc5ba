/** What failed goes on from its snapshot: the sample as it is written down; around it the agent, the task, and where it got to. */
import { OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent();
const task = { operation: 'train-model' };

try {
  await agent.execute(task);
} catch (error) {
  // 從最近的 snapshot 恢復
  const snapshot = await agent.loadSnapshot();
  await agent.resumeFrom(snapshot);
}

console.log(JSON.stringify(await agent.loadSnapshot()));
