import type { RunItem } from '@openclaw-runtime/client';
import { newId } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { follow } from '../agent/follow.ts';
import { createHouse } from '../house/create-house.ts';
import type { Embedded, EmbeddedHouse } from '../house/embedded.ts';
import { argsOf, checkKnown, type Task, type TaskOutcome, type TaskResult } from './task.ts';

/** All are optional. */
export interface ThreadPoolOptions {
  /** Threads for agents' code, all in all. Default: what the configuration says, else as many as there are processors. */
  readonly maxThreads?: number;
  /** Agents of one task. Default 16. */
  readonly maxPerTask?: number;
  /** Seconds for a task. Default: none but the run's own limit. */
  readonly timeout?: number;
  /** Shared with agents of this process. Default: one of its own. */
  readonly house?: EmbeddedHouse;
}

/** Has several agents work on one task. A task is a run whose children are the agents' runs: durable, and cancelled with it. */
export class ThreadPool implements AsyncDisposable {
  readonly #house: Embedded;
  readonly #ownsHouse: boolean;
  readonly #maxPerTask: number;
  readonly #timeoutMs: number | undefined;

  /** Throws `BAD_CONFIG`. Nothing is opened before the first task. */
  constructor({ maxThreads, maxPerTask = 16, timeout, house }: ThreadPoolOptions = {}) {
    for (const [name, value] of Object.entries({ maxThreads, maxPerTask })) {
      if (value !== undefined && !(Number.isInteger(value) && value >= 1))
        throw new OpenClawError('BAD_CONFIG', `${name} is ${value}. Give a whole number from 1.`);
    }
    if (timeout !== undefined && !(timeout > 0)) throw new OpenClawError('BAD_CONFIG', `timeout is ${timeout}. Give seconds.`);
    this.#ownsHouse = house === undefined;
    this.#house = (house ?? createHouse()) as Embedded;
    this.#maxPerTask = maxPerTask;
    this.#timeoutMs = timeout === undefined ? undefined : timeout * 1000;
    if (maxThreads !== undefined) this.#house.limitThreads(maxThreads);
  }

  /**
   * Resolves when the task has come to its end, whatever became of its agents: one that failed is a result. Rejects with `BAD_REQUEST` and `NOT_FOUND` before
   * anything starts, with `AGENT_HUNG` when the time is over, naming who was still at work, and with the task's own error.
   */
  async execute(task: Task): Promise<TaskOutcome> {
    const args = argsOf(task, this.#maxPerTask);
    return this.#house.use(async (house) => {
      const server = await house.reach();
      const { ports, config } = server;
      // What another server has, it says itself.
      if (server.owned) checkKnown(args.agents, [...Object.keys(config.agents), ...ports.shipped]);
      const idempotencyKey = newId(ports.random);
      const atWork = new Map<string, string>();
      const see = (item: RunItem): void => {
        if (item.kind === 'child.started') atWork.set(item.data.child, item.data.name);
        else if (item.kind === 'child.finished') atWork.delete(item.data.child);
      };
      const late = (): OpenClawError => lateError([...atWork.values()], (this.#timeoutMs ?? 0) / 1000);
      const options = { house, streaming: true, timeoutMs: this.#timeoutMs, see, late };
      const { run, status, error, value } = await follow(
        (client) => client.run({ agent: 'task', operation: 'flow', args, input: args.task, idempotencyKey }),
        options,
      );
      if (error) throw OpenClawError.fromBody(error);
      if (status !== 'completed' || value === undefined) throw new OpenClawError('CANCELLED', `The task (run ${run}) was cancelled.`);
      return { run, ...(ports.decode(value) as TaskResult) };
    });
  }

  /** Closes the pool's own house; tasks that are at work go on when it is opened again. */
  async close(): Promise<void> {
    if (this.#ownsHouse) await this.#house.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function lateError(agents: readonly string[], seconds: number): OpenClawError {
  const who = agents.length === 0 ? 'No agent had begun' : `${agents.join(', ')} ${agents.length === 1 ? 'was' : 'were'} still at work`;
  return new OpenClawError(
    'AGENT_HUNG',
    `${who} after ${seconds} s; the task and its runs were cancelled. Give it more time, or look at their logs.`,
  );
}
