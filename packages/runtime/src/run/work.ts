import type { HouseTools, RunFacts } from '@openclaw-runtime/agent';
import type { Clock, Random, Wheel } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import { addUsage, type Budget, type BudgetPause, NO_USAGE, type Outcome, type Payloads, type Usage } from '@openclaw-runtime/protocol';
import { type Durability, type Lease, type RunKey, runKey, runOf, type Store, tenantOf } from '@openclaw-runtime/store';
import type { Account } from '../budget/account.ts';
import type { Budgets } from '../budget/budgets.ts';
import type { Pause } from '../budget/pause.ts';
import type { Health } from '../health/health.ts';
import type { ThreadWatch } from '../health/thread-watch.ts';
import type { AgentThreads } from '../pool/threads.ts';
import type { Thinker } from '../think/thinker.ts';
import { type Depth, type ThoughtCall, Thoughts, type ThoughtTurn } from '../think/thoughts.ts';
import { accountOf, pauseOf } from './account-of.ts';
import type { Agent } from './agents.ts';
import { Approvals } from './approvals.ts';
import { askAside } from './aside.ts';
import { Brake } from './brake.ts';
import type { RunLimits } from './limits.ts';
import { Rest } from './rest.ts';
import { RunTier } from './run-tier.ts';
import type { Sessions } from './sessions.ts';
import { Waits } from './waits.ts';
import type { RunWriter } from './writer.ts';

export interface RunDeps {
  readonly store: Store;
  readonly broker: ModelBroker;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly defaultModel: string;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: Wheel;
  readonly limits: RunLimits;
  readonly textDurability: Durability;
  readonly tokenIntervalMs: number;
  /** `false`: each answer is delivered whole. */
  readonly streaming?: boolean | undefined;
  /** Absent where no agent has code. */
  readonly threads?: AgentThreads | undefined;
  /** Absent where nobody minds how threads fare. */
  readonly threadWatch?: ThreadWatch | undefined;
  readonly houseTools?: HouseTools | undefined;
  /** Absent: levels are as they are asked for, and nothing is said of them. */
  readonly thinker?: Thinker | undefined;
  /** Absent: nothing is limited. */
  readonly budgets?: Budgets | undefined;
  /** Absent: nobody minds how models, agents and threads fare. */
  readonly health?: Health | undefined;
  /** What whoever is asked on behalf of a run, a model unless `tool` names one, is told of the trace. Absent: nothing. */
  readonly trace?: TraceHeaders | undefined;
  secrets(name: string, agent: string): string;
  scrub(text: string): string;
  workspace(key: RunKey): string | undefined;
  onSaid(key: RunKey, text: string, dropped: number): void;
  onDefect(key: RunKey, error: unknown, id: string): void;
}

/** `part`: what of the run asks, as in `step 3`. */
export type TraceHeaders = (
  key: RunKey,
  asked: Payloads['run.created'],
  part: string,
  tool?: string,
) => Readonly<Record<string, string>> | undefined;

/** What the parts of one run's execution share. */
export class Work {
  readonly lease: Lease;
  readonly deps: RunDeps;
  readonly asked: Payloads['run.created'];
  readonly writer: RunWriter;
  readonly brake = new Brake();
  readonly waits: Waits;
  readonly tenant: string;
  readonly run: string;
  usage = NO_USAGE;
  /** Absent where the run falls under no budget. */
  readonly budget: Account | undefined;
  /** How long earlier owners waited for budgets. */
  pastHeldMs = 0;
  #pause: Pause | undefined;
  #tier: RunTier | undefined;
  #thoughts: Thoughts | undefined;
  #below = NO_USAGE;
  #approvals: Approvals | undefined;
  #rest: Rest | undefined;

  constructor(lease: Lease, deps: RunDeps, asked: Payloads['run.created'], writer: RunWriter) {
    this.lease = lease;
    this.deps = deps;
    this.asked = asked;
    this.writer = writer;
    this.waits = new Waits(deps.clock);
    this.tenant = tenantOf(lease.key);
    this.run = runOf(lease.key);
    this.budget = accountOf(this, () => this.pause);
  }

  get approvals(): Approvals {
    return (this.#approvals ??= new Approvals({
      run: this.run,
      writer: this.writer,
      clock: this.deps.clock,
      rest: this.rest,
      waits: this.waits,
    }));
  }

  /** Absent where nobody minds how models fare. */
  get tier(): RunTier | undefined {
    const { health } = this.deps;
    return (this.#tier ??= health && new RunTier(health, this.writer, this.asked.agent));
  }

  get thoughts(): Thoughts {
    const { deps, tenant, asked } = this;
    const agent = deps.agents.get(asked.agent)?.reasoning;
    return (this.#thoughts ??= new Thoughts({
      thinker: deps.thinker,
      tenant,
      asked,
      agent,
      left: () => this.budgetLeft(),
      ask: (request, sink, signal) => askAside({ ...deps, budget: this.budget }, request, sink, signal, { isOptional: true }),
    }));
  }

  /** How deep a model call is to think; a promise where that has to be found out first, which does not reject. */
  think(call: ThoughtCall, turn: ThoughtTurn, signal: AbortSignal): Depth | Promise<Depth> {
    const depth = this.thoughts.of(call, turn, signal);
    return depth instanceof Promise ? depth.then((found) => this.#judged(found)) : depth;
  }

  /** What a whole run of its agent takes is learned from those that one owner carried from their beginning to their end, where it may be more than one call. */
  account({ status, usage }: Outcome): void {
    const { deps, asked, lease } = this;
    const isPlain = asked.operation === undefined && deps.agents.get(asked.agent)?.hasTools !== true;
    if (isPlain || !deps.thinker || status !== 'completed' || lease.head.seq > 1) return;
    this.#thoughts?.finished(
      asked.agent,
      addUsage(usage, this.#below),
      Math.max(deps.clock.wall() - asked.at - this.heldMs(deps.clock.now()), 0),
    );
  }

  /** What a run that it started took. */
  spentBelow(usage: Usage): void {
    this.#below = addUsage(this.#below, usage);
  }

  /** Tokens of a model that was asked how deep to think are the run's. */
  #judged(depth: Depth): Depth {
    if (depth.chosen?.judged) this.spend(depth.chosen.judged);
    return depth;
  }

  get pause(): Pause {
    return (this.#pause ??= pauseOf(this));
  }

  /** Why the run waits for a budget, where it does. */
  get paused(): BudgetPause | undefined {
    return this.#pause?.current;
  }

  /** A run that this one started waits for a budget, or goes on. */
  childPaused(child: string, pause: BudgetPause | undefined): void {
    if (this.brake.isReleased || !(pause ?? this.#pause)) return;
    try {
      this.pause.child(child, pause);
    } catch {
      // The lease is gone: the next owner sees it too.
    }
  }

  /** Milliseconds for which this owner waited for budgets: they are no time of the run's. */
  heldMs(nowMs: number): number {
    return this.#pause?.heldMs(nowMs) ?? 0;
  }

  /** The clock's `now`, without the time in which the run waited for budgets. */
  get workedMs(): number {
    const nowMs = this.deps.clock.now();
    return nowMs - this.heldMs(nowMs);
  }

  /** What whoever is asked is told of the trace; `part`: what of the run asks. */
  traced(part: string, tool?: string): Readonly<Record<string, string>> | undefined {
    return this.deps.trace?.(this.lease.key, this.asked, part, tool);
  }

  /** Each second. */
  look(nowMs: number): void {
    this.#pause?.look(nowMs);
  }

  /** What may still be taken; what is absent has no limit. */
  budgetLeft(): Budget | undefined {
    return this.budget?.left;
  }

  get rest(): Rest {
    return (this.#rest ??= new Rest(this.deps.clock));
  }

  /** Whether the run did nothing but wait for people in the last `ms`. */
  hasRested(ms: number, nowMs: number): boolean {
    return this.#rest?.hasLasted(ms, nowMs) ?? false;
  }

  get facts(): RunFacts {
    const { agent, session, parent } = this.asked;
    const workspace = this.deps.workspace(parent ? runKey(this.tenant, parent.root) : this.lease.key);
    return {
      run: this.run,
      tenant: this.tenant,
      agent,
      ...(session !== undefined && { session }),
      ...(workspace !== undefined && { workspace }),
    };
  }

  /** What a model call took that began at `since`, as {@link workedMs} has it. */
  took(depth: Depth, model: string, usage: Usage, since: number): void {
    this.spend(usage);
    if (depth.about) this.thoughts.spent(depth, model, usage, this.workedMs - since);
  }

  spend(usage: Usage): void {
    this.usage = addUsage(this.usage, usage);
  }
}
