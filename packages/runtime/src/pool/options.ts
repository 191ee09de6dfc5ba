import type { Clock } from '@openclaw-runtime/kit';
import type { SpawnThread } from './thread.ts';

export interface ThreadPoolOptions {
  readonly spawn: SpawnThread;
  readonly clock: Clock;
  /** Threads, all in all: those of one call and those that wait for work too. Up to 16 more while as many only wait for a person or for another run. Default 4. */
  readonly maxThreads?: number;
  /** Calls that share a thread; those that wait for a model, a person or another run do not count, up to 4,096 of them. Default 1,024. */
  readonly callsPerThread?: number;
  /** MiB of heap for each thread. An agent's `maxHeapMiB` may be more, not less: Node ends the whole process when a small heap overflows fast. Default 512. */
  readonly heapMiB?: number;
  /** MiB that a thread may hold outside its heap in array buffers; shared ones and WebAssembly's memory are not seen. Default 512. */
  readonly outsideMiB?: number;
  /** Calls that may wait for a place. Default 10,000. */
  readonly maxQueued?: number;
  /** URLs of modules that are known from the start: each thread may read their folders. */
  readonly modules?: readonly string[];
  readonly timeouts?: Partial<PoolTimeouts>;
  /** A thread was ended, or ended by itself, while it was not to. */
  readonly onLost?: (loss: Loss) => void;
  /** A thread does not end: it is given no work and its place is given away, but it is there until its process ends. */
  readonly onStuck?: (loss: Loss) => void;
}

export interface PoolTimeouts {
  /** Between two looks at the threads. A thread that has not moved at two looks in a row has its call aborted; at the third it is ended. Default 250. */
  readonly lookMs: number;
  /** From a call's abort to the end of its thread, where its code goes on. Default 1,000. */
  readonly graceMs: number;
  /** From asking a thread to end to giving it up. Default 1,000. */
  readonly endMs: number;
  /** To start a thread, or to import a module; meanwhile it need not move. Default 10,000. */
  readonly loadMs: number;
  /** After which a thread without work ends, but for one. Default 60,000. */
  readonly idleMs: number;
}

/** What is said of a thread that is lost. */
export interface Loss {
  readonly thread: string;
  /** The error word of the call that is to blame; `THREAD_LOST` where none is. */
  readonly code: string;
  readonly message: string;
  /** Of the call that is to blame. */
  readonly agent?: string;
  readonly run?: string;
  /** Calls that were lost with it. */
  readonly neighbours: number;
}

export interface ResolvedPoolOptions extends Required<Omit<ThreadPoolOptions, 'timeouts'>> {
  readonly timeouts: PoolTimeouts;
}

export function resolvePoolOptions(options: ThreadPoolOptions): ResolvedPoolOptions {
  return {
    maxThreads: 4,
    callsPerThread: 1_024,
    heapMiB: 512,
    outsideMiB: 512,
    maxQueued: 10_000,
    modules: [],
    onLost: () => undefined,
    onStuck: () => undefined,
    ...options,
    timeouts: { lookMs: 250, graceMs: 1_000, endMs: 1_000, loadMs: 10_000, idleMs: 60_000, ...options.timeouts },
  };
}
