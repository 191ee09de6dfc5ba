/** `node pool.ts SECONDS TASK`: has the agents of a task work on it, `TASK` as JSON, and prints what came of it, or its error. */
import { OpenClawError, type Task, ThreadPool } from 'openclaw-runtime';

const [seconds = '30', task = '{}'] = process.argv.slice(2);
const threadPool = new ThreadPool({ maxPerTask: 3, timeout: Number(seconds) });
try {
  console.log(JSON.stringify(await threadPool.execute(JSON.parse(task) as Task)));
} catch (error) {
  if (!(error instanceof OpenClawError)) throw error;
  console.log(JSON.stringify({ error: error.toBody() }));
}
