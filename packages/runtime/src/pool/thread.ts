import type { Down, Up } from '@openclaw-runtime/agent';

/** One thread as the pool needs it, whatever carries it: a worker of this process, one of a host process, or a simulation. */
export interface Thread {
  post(messages: readonly Down[]): void;
  /** Counted by the thread's own loop, ten in a second; 0 until it runs. */
  beats(): number;
  /** The call whose code runs or ran last; 0 or less: code of none. */
  current(): number;
  /** The last call whose code ran; 0: there was none. */
  last(): number;
  /** How many messages it has taken, and run as far as they go by themselves; counted modulo 2³². */
  taken(): number;
  /** MiB that it holds outside its heap in array buffers, as it was lately. */
  outsideMiB(): number;
  /** Asks it to end, whatever it does; its listener hears when it has. */
  end(): void;
  /** It was asked to end and did not; whoever carries it may take harder measures. */
  giveUp(): void;
}

export interface ThreadListener {
  heard(messages: readonly Up[]): void;
  /** Once, by itself or since it was asked to; after all that it said. */
  ended(end: ThreadEnd): void;
}

/** `flood`: it wrote more, or elsewhere, than it may. `host`: its process ended, by whom is not known. */
export interface ThreadEnd {
  readonly how: 'exit' | 'error' | 'memory' | 'flood' | 'host';
  readonly message: string;
}

export interface ThreadOrder {
  readonly name: string;
  /** MiB of heap. */
  readonly heapMiB: number;
  /** `file:` URLs of the folders whose modules it may import. */
  readonly folders: readonly string[];
}

/** Starts a thread; what is posted to it before it runs waits for it. */
export type SpawnThread = (order: ThreadOrder, listener: ThreadListener) => Thread;
