import type { AgentSpec, CodedAgent, HouseTools } from '@openclaw-runtime/agent';
import { type Clock, createWheel, newId, type Random, SlotMap, sleep } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createCostEstimator, type Price } from '@openclaw-runtime/reasoning';
import { type BudgetLimits, type Durability, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { Budgets, NO_LIMITS, publishLimits, type ShortBudget } from './budget/budgets.ts';
import type { ForecastHouse } from './budget/forecast.ts';
import { publishCatalogue } from './catalogue.ts';
import { Health, type TierChange } from './health/health.ts';
import type { TierRules } from './health/rules.ts';
import { ThreadWatch } from './health/thread-watch.ts';
import { watchBroker } from './health/watched-broker.ts';
import type { AgentThreads } from './pool/threads.ts';
import { resolveAgents } from './run/agents.ts';
import { executeRun, type RunningRun } from './run/execute.ts';
import type { RunLimits } from './run/limits.ts';
import type { Parked } from './run/parked.ts';
import { createSessions } from './run/sessions.ts';
import { later, type WaitNow } from './run/waits.ts';
import type { RunDeps, TraceHeaders } from './run/work.ts';
import { learnLate } from './think/late.ts';
import type { ReasoningSettings } from './think/settings.ts';
import { createThinker } from './think/thinker.ts';

export interface RuntimeOptions {
  readonly store: Store;
  readonly broker: ModelBroker;
  readonly agents: readonly (AgentSpec | CodedAgent)[];
  /** Where agents' code runs. Absent: a run that needs it fails with `NOT_IMPLEMENTED`. */
  readonly threads?: AgentThreads;
  /** Tools of the house and of MCP servers; which of them an agent may call is said by its `uses` and its permissions. */
  readonly houseTools?: HouseTools;
  /** The value of a secret of this agent's. Throws where there is none. */
  readonly secrets?: (name: string, agent: string) => string;
  /** Takes secrets out of what agents and tools say, before it is logged. What models say streams, and does not go through here. */
  readonly scrub?: (text: string) => string;
  /** The folder that a run's tools may write to. */
  readonly workspace?: (key: RunKey) => string | undefined;
  /** What models and tools are told of the trace that a run is in. Absent: nothing. */
  readonly trace?: TraceHeaders;
  /** What agents' code printed; `dropped` characters before it were too many. */
  readonly onSaid?: (key: RunKey, text: string, dropped: number) => void;
  /** How deep runs think. Absent: as they are asked to, else as their providers do. */
  readonly reasoning?: ReasoningSettings;
  /** Of a million tokens of a model, in USD. */
  readonly priceOf?: (model: string) => Price | undefined;
  /** What all runs together, each day's, each agent's and so on may take; runs may be given budgets of their own. Absent: nothing is limited but those. */
  readonly budgets?: BudgetLimits;
  /** By which tiers of recovery are entered and left. Absent: there are none, all is in tier 0. */
  readonly tiers?: TierRules;
  /** Something is in another tier now. */
  readonly onTier?: (change: TierChange) => void;
  /** The model of runs whose request and agent name none. */
  readonly defaultModel: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RunLimits;
  /** What text records ask of the store; commands, step ends and ends are always on disk. */
  readonly textDurability: Durability;
  /** Milliseconds that text waits for its record where the request says nothing. */
  readonly tokenIntervalMs: number;
  /** `false`: each answer is delivered whole. Default `true`. */
  readonly streaming?: boolean | undefined;
  /** This process among all owners there ever were. */
  readonly owner: string;
  /** A defect in a run's execution: it concerns that run only, and is reported here. */
  onDefect(key: RunKey, error: unknown, id: string): void;
}

/** What may become another while a runtime is at work. */
export type RuntimeSettings = Pick<
  RuntimeOptions,
  'agents' | 'reasoning' | 'budgets' | 'tiers' | 'defaultModel' | 'limits' | 'textDurability' | 'tokenIntervalMs' | 'streaming'
>;

export interface Runtime {
  /**
   * Runs that begin from now on go by these settings; those at work keep theirs, save for budgets, tiers and how deep to think. Where there were no tiers, or no choice of
   * a depth, there will be none. Resolves when gateways can know.
   */
  change(settings: RuntimeSettings): Promise<void>;
  /** Runs that this process works on. */
  readonly active: number;
  /** Runs that wait for people only, and take nothing but a place in a list. */
  readonly parked: number;
  /** What a run waits for, the most telling first; undefined for one that this process neither works on nor parked. */
  waits(key: RunKey): readonly WaitNow[] | undefined;
  /** Budgets of which little is left, as far as somebody took from them lately. */
  readonly shortBudgets: readonly ShortBudget[];
  /** How models, agents and threads fare; absent where there are no tiers. */
  readonly health: Health | undefined;
  /** Takes no new runs, gives those at work `graceMs` to end, then lets go of them: they go on where they are when a process opens the store again. */
  drain(graceMs: number): Promise<void>;
}

const SWEEP_MS = 1_000;

/** Takes runs from the store's queue and carries them to their ends; first those that a dead process left. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { store, clock } = options;
  const agents = resolveAgents(options.agents);
  await publishCatalogue(store, { ...options, agents: [...agents.values()] });
  let { limits } = options;
  const running = new SlotMap<RunKey, RunningRun>();
  const parked = new Map<RunKey, Parked>();
  const { priceOf = noPrice } = options;
  const health = options.tiers && new Health(clock, options.tiers, options.onTier);
  const broker = health ? watchBroker(options.broker, health, clock) : options.broker;
  const tier = (model: string, agent = ''): number => (health?.staticFor(agent, model) ? 3 : 0);
  const thinking = { ...options, broker, state: store.state, priceOf, tier };
  const thinker = options.reasoning && createThinker({ ...thinking, settings: options.reasoning });
  const ownEstimates = createCostEstimator({ priceOf });
  const forecasts: ForecastHouse = {
    priceOf,
    estimate: (tenant, call) => thinker?.forecast(tenant, call) ?? ownEstimates.estimate(call),
  };
  const budgets = new Budgets(store, clock, forecasts, options.budgets);
  await publishLimits(store.state, options.budgets ?? NO_LIMITS);
  let deps: RunDeps = {
    secrets: noSecret,
    scrub: (text) => text,
    workspace: () => undefined,
    onSaid: () => undefined,
    ...options,
    broker,
    threadWatch: options.threads && health && new ThreadWatch(options.threads, health),
    health,
    thinker,
    budgets,
    agents,
    sessions: createSessions(store, clock),
    wheel: createWheel(clock, 2),
  };

  let isStarting = true;
  const stopTaking = store.queue.consume(options.owner, () => limits.maxConcurrentRuns, {
    leased(lease) {
      budgets.unpark(lease.key);
      const run = executeRun(lease, deps, isStarting, parked.get(lease.key));
      parked.delete(lease.key);
      running.set(lease.key, run);
      const over = (how?: Parked): void => {
        if (running.get(lease.key) !== run) return;
        running.delete(lease.key);
        if (!how) return;
        parked.set(lease.key, how);
        if (how.budget) budgets.park(lease.key, how.budget);
        lease.park(how.isCalled ? 0 : how.untilMs - clock.now());
      };
      run.over.then(over, (error: unknown) => {
        over();
        options.onDefect(lease.key, error, '');
      });
    },
    command(key, command) {
      running.get(key)?.command(command);
    },
    late(key, command) {
      if (thinker && command.kind === 'feedback') learnLate(thinker, store.runs, key, command.data).catch(() => undefined);
    },
    lost(key) {
      running.get(key)?.release();
    },
  });

  // What is offered at once was there before.
  isStarting = false;

  const stopForgetting = store.upkeep.onErased(({ tenant, runs }) => {
    const named = runs && new Set(runs.map((run) => runKey(tenant, run)));
    for (const key of [...parked.keys()].filter((each) => named?.has(each) ?? each.startsWith(`${tenant}/`))) {
      parked.delete(key);
      budgets.unpark(key);
      deps.sessions.leave(key);
    }
    if (named) return;
    thinker?.forget(tenant);
    budgets.erase(tenant);
  });

  /** A run that waits for a budget looks again whether there is room. One that cannot be told is told later, or ended. */
  const wake = (key: RunKey): void => {
    store.inbox.put(key, { id: `wake ${newId(options.random)}`, kind: 'wake' }).catch(() => undefined);
  };

  /** One look at all runs each second is cheaper than a timer for each. */
  let cancelSweep: () => void = () => undefined;
  let isDraining = false;
  const sweep = (): void => {
    const now = clock.now();
    for (const run of running.values()) run.look(now, isDraining ? 0 : limits.parkAfterMs);
    for (const key of budgets.look()) wake(key);
    health?.look();
    cancelSweep = clock.after(SWEEP_MS, sweep);
  };
  sweep();

  return {
    get active() {
      return running.size;
    },
    get parked() {
      return parked.size;
    },
    get shortBudgets() {
      return budgets.short;
    },
    health,
    async change(settings) {
      const { defaultModel, textDurability, tokenIntervalMs, streaming, reasoning, tiers } = settings;
      const resolved = resolveAgents(settings.agents);
      limits = settings.limits;
      deps = { ...deps, agents: resolved, defaultModel, limits, textDurability, tokenIntervalMs, streaming };
      if (tiers) health?.change(tiers);
      if (reasoning) thinker?.change(reasoning);
      await budgets.change(settings.budgets ?? NO_LIMITS);
      await publishCatalogue(store, { agents: [...resolved.values()], broker, defaultModel });
    },
    waits(key) {
      const how = parked.get(key);
      return running.get(key)?.waits() ?? (how && later(how.waits, clock.now() - how.atMs));
    },
    async drain(graceMs) {
      stopTaking();
      stopForgetting();
      // What waits for people is not waited for.
      isDraining = true;
      cancelSweep();
      sweep();
      const all = Promise.allSettled([...running.values()].map((run) => run.over));
      const patience = new AbortController();
      await Promise.race([all, sleep(clock, graceMs, patience.signal)]).catch(() => undefined);
      patience.abort();
      cancelSweep();
      for (const run of running.values()) run.release();
      await thinker?.close();
    },
  };
}

function noPrice(): undefined {}

function noSecret(name: string): never {
  throw new OpenClawError('BAD_CONFIG', `There is no secret ${name}. Name it in the agent's secrets.`);
}
