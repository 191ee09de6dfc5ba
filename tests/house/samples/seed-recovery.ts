/** The samples of what to do when an agent fails, as they are written down; around them what they leave to the reader. */
import { type Execute, OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent();
const task: Execute = { operation: 'fail-once' };

try {
  await agent.execute(task);
} catch (error) {
  const snapshot = await agent.loadSnapshot();
  await agent.resumeFrom(snapshot);
  console.log(JSON.stringify({ caught: String(error), snapshot }));
}

for (let i = 0; i < 3; i++) await agent.execute({ operation: 'fail-once', args: i }).catch(() => undefined);

if (agent.isUnstable()) {
  agent.setReasoningLevel(1);
  agent.setStreaming(false);
  console.log(JSON.stringify(await agent.execute('Is anybody there?')));
}
