/** What it would cost, before it runs: the sample as it is written down; around it what it leaves to the reader. */
import { AdaptiveCostEstimator, OpenClawAgent } from 'openclaw-runtime';

const agent = new OpenClawAgent();
/** US dollars. */
const BUDGET_LIMIT = Number(process.argv[2] ?? '0.01');

// 預估推理成本
const costEstimator = new AdaptiveCostEstimator(agent);
const estimatedCost = await costEstimator.estimate({
  query: "寫一個 Rust 編譯器",
  reasoningLevel: 4
});
if (estimatedCost > BUDGET_LIMIT) {
  // 降級到 Level 2
  agent.setReasoningLevel(2);
}

const result = await agent.execute({ query: '寫一個 Rust 編譯器' });
console.log(JSON.stringify({ estimatedCost, dollars: Number(estimatedCost), result }));
