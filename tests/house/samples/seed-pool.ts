/** The sample of a pool, as it is written down; `task` is what the last line tells. */
import { ThreadPool } from 'openclaw-runtime';

const threadPool = new ThreadPool({
  maxThreads: 10,
  maxPerTask: 3,
  timeout: 30,
});

const task = await threadPool.execute({
  agents: ['coder', 'tester', 'reviewer'],
  task: 'implement feature X',
});

console.log(JSON.stringify(task));
