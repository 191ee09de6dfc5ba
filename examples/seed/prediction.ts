/** A model judges how deep to think: the sample as it is written down; around it what it leaves to the reader. */
import { OpenClawAgent, ReasoningLevelPredictor } from 'openclaw-runtime';

const agent = new OpenClawAgent();
const task = await agent.analyze({ query: process.argv[2] ?? 'Why is the sky blue?' });

const predictor = new ReasoningLevelPredictor({
  model: 'llama-3-70b',
  features: ['task_complexity', 'query_length', 'domain']
});
const predictedLevel = await predictor.predict(task);
agent.setReasoningLevel(predictedLevel);

const result = await agent.execute(task);
console.log(JSON.stringify({ analysed: task.level, predictedLevel, result }));
