import { pathToFileURL } from 'node:url';
import type { Forecaster } from '@openclaw-runtime/cli';
import type { Level, OpenClawClient, Run, RunItem } from '@openclaw-runtime/client';
import { newId } from '@openclaw-runtime/kit';
import { OpenClawError, type Tier, type Usage } from '@openclaw-runtime/protocol';
import type { Prediction } from '@openclaw-runtime/reasoning';
import { createHouse } from '../house/create-house.ts';
import type { Embedded, Held } from '../house/embedded.ts';
import type { Server } from '../house/server.ts';
import { queryOf } from '../reasoning/asked.ts';
import type { EstimateAsked, Estimating } from '../reasoning/cost-estimator.ts';
import { type CostEstimate, costEstimateOf, type ReasoningLevel } from '../reasoning/estimate.ts';
import { type Analysis, type AnalyzeAsked, analysisOf } from './analysis.ts';
import { type Followed, type Following, follow } from './follow.ts';
import { checkAsked, createForecasts } from './forecasts.ts';
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
  /** How deep its model was asked to think last; absent where that was left to its provider. */
  readonly level?: ReasoningLevel;
}

type Begin = (server: Server) => Promise<(client: OpenClawClient) => Run>;

/**
 * An agent of this process: its runs are those of a house in it, or of the server that has the data folder open. They are durable all the same, so that what was at
 * work when this process died goes on in the next one.
 */
export class OpenClawAgent implements AsyncDisposable, Estimating {
  readonly #options: ResolvedAgent;
  readonly #house: Embedded;
  readonly #ownsHouse: boolean;
  readonly #health = createHealth();
  /** Of the last run, as far as its log says. */
  #tier: Tier = 0;
  readonly #atWork = new Set<Run>();
  /** How often a level had been set when an analysis was made. */
  readonly #analysed = new WeakMap<object, number>();
  readonly #forecasts = createForecasts();
  #level: Level | undefined;
  #levelsSet = 0;
  #streaming = true;
  #nowMs: () => number = () => 0;

  /** Throws `BAD_CONFIG`. Nothing is opened before the first call. */
  constructor(options: OpenClawAgentOptions = {}) {
    this.#options = resolveAgentOptions(options, pathToFileURL);
    this.#level = this.#options.level;
    this.#ownsHouse = options.house === undefined;
    this.#house = (options.house ?? createHouse(options.connect === undefined ? {} : { connect: options.connect })) as Embedded;
    const { name, settings } = this.#options;
    if (settings) this.#house.add(name, settings);
  }

  /** How deep a request would be thought about, why, and what that would take: {@link execute} runs what this gives. Asks no model. Rejects with `BAD_REQUEST`. */
  async analyze(asked: string | AnalyzeAsked): Promise<Analysis> {
    const given = checkAsked(typeof asked === 'string' ? { query: asked } : asked);
    const analysis = await this.#forecast((forecaster) => analysisOf(given, forecaster.forecast({ ...this.#defaults(), ...given })));
    this.#analysed.set(analysis, this.#levelsSet);
    return analysis;
  }

  /** What a run of it would take: see `AdaptiveCostEstimator`. Rejects with `BAD_REQUEST` and `BAD_CONFIG`. */
  async estimate({ reasoningLevel, ...asked }: EstimateAsked): Promise<CostEstimate> {
    const given = checkAsked(asked);
    const level = checkLevel(reasoningLevel);
    return this.#forecast((forecaster) => {
      const forecast = forecaster.forecast({ ...this.#defaults(), ...given, ...(level !== undefined && { level }) });
      return costEstimateOf(forecast.estimates[typeof level === 'number' ? level : forecast.level]);
    });
  }

  /** Carries out an operation, or answers. Rejects with the run's error when it did not complete, `CANCELLED`, or `AGENT_HUNG` when `timeoutMs` are over. */
  execute(what: string | Execute): Promise<ExecuteResult> {
    const asked = this.#latest(typeof what === 'string' ? { input: what } : what);
    const { name: agent, model, budget } = this.#options;
    return this.#run(asked.timeoutMs, async (server) => {
      const last = 'operation' in asked && asked.useSnapshot === true ? await this.#unfinished(server, asked) : undefined;
      if (last !== undefined) return (client) => client.attach(last);
      const level = await this.#levelIn(server, asked);
      const options = runOf(asked, { agent, model, level, budget }, newId(server.ports.random));
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

  /** From the next step on, also of runs that are at work. Takes what a predictor said, too. Throws `BAD_CONFIG`. */
  setReasoningLevel(level: Level | Prediction): void {
    const checked = checkLevel(level);
    this.#level = checked;
    this.#levelsSet++;
    // One that has just ended takes no more commands.
    if (checked !== undefined) for (const run of this.#atWork) run.setLevel(checked).catch(() => undefined);
  }

  /** `false`: nothing of a run is sent before its end. From the next run on. */
  setStreaming(streaming: boolean): void {
    this.#streaming = streaming;
  }

  /** Its last run was in tier 3, where only what is cheap goes on; or of the last four calls or more in five minutes, half failed or lost their thread. */
  isUnstable(): boolean {
    return this.#tier === 3 || this.#health.isUnstable(this.#nowMs());
  }

  /** Closes the agent's own house; runs that are at work go on when it is opened again. */
  async close(): Promise<void> {
    if (this.#ownsHouse) await this.#house.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #defaults() {
    const { name: agent, model } = this.#options;
    const level = this.#level;
    return { agent, ...(model !== undefined && { model }), ...(level !== undefined && { level }) };
  }

  /** What was analysed runs as it was, unless a level was set since. */
  #latest(asked: Execute): Execute {
    const set = this.#analysed.get(asked);
    const level = this.#level;
    return set === undefined || set === this.#levelsSet || level === undefined ? asked : { ...asked, level };
  }

  /** Another process's server does not know what this agent was told here about depth. */
  async #levelIn(server: Server, asked: Execute): Promise<Level | undefined> {
    const level = this.#level;
    const { settings } = this.#options;
    if (server.owned || !settings?.reasoning || typeof (asked.level ?? level) === 'number' || 'operation' in asked) return level;
    const { complexity, model } = asked;
    const forecaster = await this.#forecasts.of(server);
    const more = { ...(complexity !== undefined && { complexity }), ...(model !== undefined && { model }) };
    return settings.reasoning.level === 'off' && complexity === undefined
      ? level
      : forecaster.forecast({ ...this.#defaults(), query: queryOf(asked), ...more }).level;
  }

  #forecast<T>(use: (forecaster: Forecaster) => T): Promise<T> {
    return this.#house.use(async ({ reach }) => use(await this.#forecasts.of(await reach())));
  }

  #run(timeoutMs: number | undefined, begin: Begin): Promise<ExecuteResult> {
    return this.#house.use(async (house) => {
      const server = await house.reach();
      const { ports, owned } = server;
      this.#nowMs = () => ports.clock.now();
      let lostThread = false;
      let tier: Tier = 0;
      const see = (item: RunItem, run: string): void => {
        lostThread ||= item.kind === 'thread.lost';
        if (item.kind === 'tier.changed') tier = item.data.tier;
        if (item.kind === 'approval.asked')
          ports.log(`claw: run ${run} waits for a person. See what it asks, and answer: claw runs approve ${run}`);
      };
      try {
        const followed = await this.#follow(house, timeoutMs, begin, see);
        this.#health.note(this.#nowMs(), lostThread);
        return resultOf(followed, ports.decode);
      } catch (error) {
        if (isItsOwn(error)) this.#health.note(this.#nowMs(), true);
        throw owned ? error : this.#explained(error, server);
      } finally {
        this.#tier = tier;
      }
    });
  }

  async #follow(house: Held, timeoutMs: number | undefined, begin: Begin, see: Following['see']): Promise<Followed> {
    const late = (run = 'that had not begun'): OpenClawError =>
      new OpenClawError('AGENT_HUNG', `Agent ${this.#options.name} was still at work after ${timeoutMs} ms; run ${run} was cancelled.`);
    const started = await begin(await house.reach());
    let run: Run | undefined;
    const first = (client: OpenClawClient): Run => {
      run = started(client);
      this.#atWork.add(run);
      return run;
    };
    const followed = await follow(first, { house, streaming: this.#streaming, timeoutMs, see, late }).finally(() => {
      if (run) this.#atWork.delete(run);
    });
    if (followed.error) throw OpenClawError.fromBody(followed.error);
    if (followed.status !== 'completed') throw new OpenClawError('CANCELLED', `Run ${followed.run} was cancelled.`);
    return followed;
  }

  /** Another process's server may not have what this agent was given here. */
  #explained(error: unknown, { url, ports: { connects } }: Server): unknown {
    const { name, settings } = this.#options;
    if (!settings || !(error instanceof OpenClawError) || error.code !== 'NOT_FOUND') return error;
    const todo = `The server at ${url} knows agents from its own configuration: set agents.${name} there${connects ? '' : ', or OPENCLAW_DATA here'}.`;
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

function resultOf({ run, text, value, usage, level }: Followed, decode: (text: string) => unknown): ExecuteResult {
  const decoded = value === undefined ? undefined : decode(value);
  return { run, status: 'completed', text, value: decoded, usage, ...(level !== undefined && { level }) };
}
