import { pathToFileURL } from 'node:url';
import type { Level, OpenClawClient, Run, RunItem } from '@openclaw-runtime/client';
import { newId } from '@openclaw-runtime/kit';
import { OpenClawError, type Usage } from '@openclaw-runtime/protocol';
import { createHouse } from '../house/create-house.ts';
import type { Embedded, Held } from '../house/embedded.ts';
import type { Server } from '../house/server.ts';
import { type Followed, type Following, follow } from './follow.ts';
import { createHealth, isItsOwn } from './health.ts';
import { checkLevel, type OpenClawAgentOptions, type ResolvedAgent, resolveAgentOptions } from './options.ts';
import { type AgentSnapshot, lastRun, latestSnapshot } from './snapshots.ts';
import { type Execute, type ExecuteOperation, runOf } from './what.ts';

/** What a run came to that completed. */
export interface ExecuteResult {
  readonly run: string;
  readonly status: 'completed';
  readonly text: string;
  /** What an operation returned. */
  readonly value: unknown;
  readonly usage: Usage;
}

type Begin = (server: Server) => Promise<(client: OpenClawClient) => Run>;

/**
 * An agent of this process: its runs are those of a house in it, or of the server that has the data folder open. They are durable all the same, so that what was at
 * work when this process died goes on in the next one.
 */
export class OpenClawAgent implements AsyncDisposable {
  readonly #options: ResolvedAgent;
  readonly #house: Embedded;
  readonly #ownsHouse: boolean;
  readonly #health = createHealth();
  #level: Level | undefined;
  #streaming = true;
  #nowMs: () => number = () => 0;

  /** Throws `BAD_CONFIG`. Nothing is opened before the first call. */
  constructor(options: OpenClawAgentOptions = {}) {
    this.#options = resolveAgentOptions(options, pathToFileURL);
    this.#level = this.#options.level;
    this.#ownsHouse = options.house === undefined;
    this.#house = (options.house ?? createHouse()) as Embedded;
    const { name, settings } = this.#options;
    if (settings) this.#house.add(name, settings);
  }

  /** Carries out an operation, or answers. Rejects with the run's error when it did not complete, `CANCELLED`, or `AGENT_HUNG` when `timeoutMs` are over. */
  execute(what: string | Execute): Promise<ExecuteResult> {
    const asked: Execute = typeof what === 'string' ? { input: what } : what;
    const { name: agent, model } = this.#options;
    return this.#run(asked.timeoutMs, async (server) => {
      const last = 'operation' in asked && asked.useSnapshot === true ? await this.#unfinished(server, asked) : undefined;
      if (last !== undefined) return (client) => client.attach(last);
      const options = runOf(asked, { agent, model, level: this.#level }, newId(server.ports.random));
      return (client) => client.run(options);
    });
  }

  /** The state that the newest of this agent's runs to save any saved last. */
  async loadSnapshot(): Promise<AgentSnapshot | undefined> {
    if (!this.#options.keepsState) return undefined;
    return this.#house.use(async ({ reach }) => {
      return latestSnapshot(await reach(), this.#options.name);
    });
  }

  /** Goes on from there, as a run of its own. Rejects like `execute`, and with `NOT_FOUND` where there is no snapshot. */
  async resumeFrom(snapshot: AgentSnapshot | undefined): Promise<ExecuteResult> {
    if (!snapshot) throw new OpenClawError('NOT_FOUND', 'There is no snapshot to go on from: no run of this agent has saved any state.');
    return this.#run(undefined, async ({ api }) => {
      const { run } = await api.fork(snapshot.run, { at: snapshot.seq });
      return (client) => client.attach(run);
    });
  }

  /** From the next run on. Throws `BAD_CONFIG`. */
  setReasoningLevel(level: Level): void {
    this.#level = checkLevel(level);
  }

  /** `false`: nothing of a run is sent before its end. From the next run on. */
  setStreaming(streaming: boolean): void {
    this.#streaming = streaming;
  }

  /** Of the last four calls or more in five minutes, half failed or lost their thread. */
  isUnstable(): boolean {
    return this.#health.isUnstable(this.#nowMs());
  }

  /** Closes the agent's own house; runs that are at work go on when it is opened again. */
  async close(): Promise<void> {
    if (this.#ownsHouse) await this.#house.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #run(timeoutMs: number | undefined, begin: Begin): Promise<ExecuteResult> {
    return this.#house.use(async (house) => {
      const { ports, owned, url } = await house.reach();
      this.#nowMs = () => ports.clock.now();
      let lostThread = false;
      const see = (item: RunItem, run: string): void => {
        lostThread ||= item.kind === 'thread.lost';
        if (item.kind === 'approval.asked')
          ports.log(`claw: run ${run} waits for a person. See what it asks, and answer: claw runs approve ${run}`);
      };
      try {
        const followed = await this.#follow(house, timeoutMs, begin, see);
        this.#health.note(this.#nowMs(), lostThread);
        return resultOf(followed, ports.decode);
      } catch (error) {
        if (isItsOwn(error)) this.#health.note(this.#nowMs(), true);
        throw owned ? error : this.#explained(error, url);
      }
    });
  }

  async #follow(house: Held, timeoutMs: number | undefined, begin: Begin, see: Following['see']): Promise<Followed> {
    const late = (run = 'that had not begun'): OpenClawError =>
      new OpenClawError('AGENT_HUNG', `Agent ${this.#options.name} was still at work after ${timeoutMs} ms; run ${run} was cancelled.`);
    const followed = await follow(await begin(await house.reach()), { house, streaming: this.#streaming, timeoutMs, see, late });
    if (followed.error) throw OpenClawError.fromBody(followed.error);
    if (followed.status !== 'completed') throw new OpenClawError('CANCELLED', `Run ${followed.run} was cancelled.`);
    return followed;
  }

  /** Another process's server may not have what this agent was given here. */
  #explained(error: unknown, url: string): unknown {
    const { name, settings } = this.#options;
    if (!settings || !(error instanceof OpenClawError) || error.code !== 'NOT_FOUND') return error;
    const todo = `The server at ${url} has the data folder open and knows agents from its own configuration: set agents.${name} there, or OPENCLAW_DATA here.`;
    return new OpenClawError('NOT_FOUND', `${error.message} ${todo}`, { cause: error });
  }

  /** The run to go on with: the operation's last one while it is open, else a fork of it where it saved its state. */
  async #unfinished(server: Server, asked: ExecuteOperation): Promise<string | undefined> {
    if (!this.#options.keepsState)
      throw new OpenClawError('BAD_REQUEST', 'useSnapshot is asked of an agent with snapshot: false. Leave one of the two out.');
    const last = await lastRun(server, this.#options.name, asked);
    if (!last || last.status === 'completed') return undefined;
    if (last.status === 'running') return last.run;
    if (last.savedAt === undefined) return undefined;
    return (await server.api.fork(last.run, { at: last.savedAt })).run;
  }
}

function resultOf({ run, text, value, usage }: Followed, decode: (text: string) => unknown): ExecuteResult {
  return { run, status: 'completed', text, value: value === undefined ? undefined : decode(value), usage };
}
