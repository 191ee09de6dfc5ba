import type { AgentSpec } from '@openclaw-runtime/agent';
import { type Clock, createWheel, type Random, sleep } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import type { Durability, RunKey, Store } from '@openclaw-runtime/store';
import { publishCatalogue } from './catalogue.ts';
import { executeRun, type RunDeps, type RunningRun } from './run/execute.ts';
import type { RunLimits } from './run/limits.ts';
import { createSessions } from './run/sessions.ts';

export interface RuntimeOptions {
  readonly store: Store;
  readonly broker: ModelBroker;
  readonly agents: readonly AgentSpec[];
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
  /** Takes no new runs, gives those at work `graceMs` to end, then lets go of them: they go on where they are when a process opens the store again. */
  drain(graceMs: number): Promise<void>;
}

const SWEEP_MS = 1_000;

/** Takes runs from the store's queue and carries them to their ends; first those that a dead process left. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { store, clock } = options;
  await publishCatalogue(store, options);
  const running = new Map<RunKey, RunningRun>();
  const deps: RunDeps = {
    ...options,
    agents: new Map(options.agents.map((agent) => [agent.name, agent])),
    sessions: createSessions(store, clock),
    wheel: createWheel(clock, 2),
  };

  const stopTaking = store.queue.consume(options.owner, options.limits.maxConcurrentRuns, {
    leased(lease) {
      const run = executeRun(lease, deps);
      running.set(lease.key, run);
      run.over
        .catch((error: unknown) => options.onDefect(lease.key, error, ''))
        .finally(() => {
          if (running.get(lease.key) === run) running.delete(lease.key);
        });
    },
    command(key, command) {
      running.get(key)?.command(command);
    },
    lost(key) {
      running.get(key)?.release();
    },
  });

  /** One look at all runs each second is cheaper than a timer for each. */
  let cancelSweep: () => void = () => undefined;
  const sweep = (): void => {
    const now = clock.now();
    for (const run of running.values()) run.expire(now);
    cancelSweep = clock.after(SWEEP_MS, sweep);
  };
  sweep();

  return {
    get active() {
      return running.size;
    },
    async drain(graceMs) {
      stopTaking();
      cancelSweep();
      const all = Promise.allSettled([...running.values()].map((run) => run.over));
      const patience = new AbortController();
      await Promise.race([all, sleep(clock, graceMs, patience.signal)]).catch(() => undefined);
      patience.abort();
      for (const run of running.values()) run.release();
    },
  };
}
