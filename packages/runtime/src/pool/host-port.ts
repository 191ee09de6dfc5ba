import type { Down, Up } from '@openclaw-runtime/agent';
import type { ThreadEnd, ThreadOrder } from './thread.ts';

/** What a pool tells a process that runs its threads; `n` is the thread. */
export type HostDown =
  | { readonly t: 'spawn'; readonly n: number; readonly order: ThreadOrder }
  | { readonly t: 'post'; readonly n: number; readonly messages: readonly Down[] }
  | { readonly t: 'end'; readonly n: number };

export type HostUp =
  | { readonly t: 'heard'; readonly n: number; readonly messages: readonly Up[] }
  | { readonly t: 'ended'; readonly n: number; readonly end: ThreadEnd }
  /** How all its threads are, ten times a second. */
  | { readonly t: 'pulse'; readonly threads: readonly Pulse[] };

export interface Pulse {
  readonly n: number;
  readonly beats: number;
  readonly current: number;
  readonly last: number;
  readonly taken: number;
  readonly outsideMiB: number;
}

/** A host process, as the pool's side has it. It ends by itself when its pipe closes. */
export interface HostLink {
  send(message: HostDown): void;
  kill(): void;
}

/** `memory`: the kernel ended it, since it took more than it may. */
export interface HostEnd {
  readonly how: 'host' | 'memory';
  readonly message: string;
}

export interface HostListener {
  received(message: HostUp): void;
  /** Once. */
  ended(end: HostEnd): void;
}

export type StartHost = (listener: HostListener) => HostLink;
