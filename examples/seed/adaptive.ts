/** An agent that chooses its depth by itself: the sample as it is written down; below it what its result is used for. */
import { OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent({
  adaptiveReasoning: true,
  reasoningLevel: 'auto', // 自動調整
  levelThresholds: {
    simple: 1,
    complex: 3,
    complexTask: 4
  }
});
// 自動調整示例
const task = await agent.analyze({
  query: "解釋量子糾纏原理並給出應用案例",
  complexity: 'complex'
});
// Agent 自動選擇 Level 3/4

const result = await agent.execute(task);
console.log(JSON.stringify({ task, cost: task.estimate + 0, result }));
