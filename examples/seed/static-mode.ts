/** The last way out when an agent keeps failing: the sample as it is written down; around it what it leaves to the reader. */
import { OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent({ reasoningLevel: 3 });
for (let i = 0; i < 4; i++) await agent.execute({ query: 'Is anybody there?', model: 'broken' }).catch(() => undefined);

if (agent.isUnstable()) {
  // 降級到靜態推理模式
  agent.setReasoningLevel(1);
  agent.setStreaming(false);
}

const result = await agent.execute('Is anybody there?');
console.log(JSON.stringify({ unstable: agent.isUnstable(), result }));
