/** Three agents on one task: the sample as it is written down; `task` is what the last line tells. */
import { ThreadPool } from 'openclaw-runtime';

const threadPool = new ThreadPool({
  maxThreads: 10,
  maxPerTask: 3, // 每個任務最多 3 個 agents
  timeout: 30 // 秒
});
// 任務執行
const task = await threadPool.execute({
  agents: ['coder', 'tester', 'reviewer'],
  task: 'implement feature X'
});

console.log(JSON.stringify(task));
