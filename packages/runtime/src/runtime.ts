import type { AgentSpec, CodedAgent, HouseTools } from '@openclaw-runtime/agent';
import { type Clock, createWheel, type Random, sleep } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Durability, RunKey, Store } from '@openclaw-runtime/store';
import { publishCatalogue } from './catalogue.ts';
import type { AgentThreads } from './pool/threads.ts';
import { resolveAgents } from './run/agents.ts';
import { executeRun, type RunningRun } from './run/execute.ts';
import type { RunLimits } from './run/limits.ts';
import type { Parked } from './run/parked.ts';
import { createSessions } from './run/sessions.ts';
import type { RunDeps } from './run/work.ts';

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
  /** What agents' code printed; `dropped` characters before it were too many. */
  readonly onSaid?: (key: RunKey, text: string, dropped: number) => void;
  /** The model of runs whose request and agent name none. */
  readonly defaultModel: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: RunLimits;
  /** What text records ask of the store; commands, step ends and ends are always on disk. */
  readonly textDurability: Durability;
  /** Milliseconds that text waits for its record where the request says nothing. */
  readonly tokenIntervalMs: number;
  /** This process among all owners there ever were. */
  readonly owner: string;
  /** A defect in a run's execution: it concerns that run only, and is reported here. */
  onDefect(key: RunKey, error: unknown, id: string): void;
}

export interface Runtime {
  /** Runs that this process works on. */
  readonly active: number;
  /** Runs that wait for people only, and take nothing but a place in a list. */
  readonly parked: number;
  /** Takes no new runs, gives those at work `graceMs` to end, then lets go of them: they go on where they are when a process opens the store again. */
  drain(graceMs: number): Promise<void>;
}

const SWEEP_MS = 1_000;

/** Takes runs from the store's queue and carries them to their ends; first those that a dead process left. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { store, clock } = options;
  const agents = resolveAgents(options.agents);
  await publishCatalogue(store, { ...options, agents: [...agents.values()] });
  const running = new Map<RunKey, RunningRun>();
  const parked = new Map<RunKey, Parked>();
  const deps: RunDeps = {
    secrets: noSecret,
    scrub: (text) => text,
    workspace: () => undefined,
    onSaid: () => undefined,
    ...options,
    agents,
    sessions: createSessions(store, clock),
    wheel: createWheel(clock, 2),
  };

  let isStarting = true;
  const stopTaking = store.queue.consume(options.owner, options.limits.maxConcurrentRuns, {
    leased(lease) {
      const run = executeRun(lease, deps, isStarting, parked.get(lease.key));
      parked.delete(lease.key);
      running.set(lease.key, run);
      const over = (how?: Parked): void => {
        if (running.get(lease.key) !== run) return;
        running.delete(lease.key);
        if (!how) return;
        parked.set(lease.key, how);
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
    lost(key) {
      running.get(key)?.release();
    },
  });

  // What is offered at once was there before.
  isStarting = false;

  /** One look at all runs each second is cheaper than a timer for each. */
  let cancelSweep: () => void = () => undefined;
  let { parkAfterMs } = options.limits;
  const sweep = (): void => {
    const now = clock.now();
    for (const run of running.values()) run.look(now, parkAfterMs);
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
    async drain(graceMs) {
      stopTaking();
      // What waits for people is not waited for.
      parkAfterMs = 0;
      cancelSweep();
      sweep();
      const all = Promise.allSettled([...running.values()].map((run) => run.over));
      const patience = new AbortController();
      await Promise.race([all, sleep(clock, graceMs, patience.signal)]).catch(() => undefined);
      patience.abort();
      cancelSweep();
      for (const run of running.values()) run.release();
    },
  };
}

function noSecret(name: string): never {
  throw new OpenClawError('BAD_CONFIG', `There is no secret ${name}. Name it in the agent's secrets.`);
}
