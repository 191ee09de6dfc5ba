import { type Clock, type Random, systemClock, systemRandom } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Clusters, parseClusters } from './resolve-url.ts';
import type { WebSocketClass } from './socket.ts';
import type { Token } from './wire.ts';

/** All are optional. Times are milliseconds. */
export interface ClientOptions {
  /** `false`: nothing before a run has ended, then its whole text as one token. Default `true`. */
  readonly streaming?: boolean;
  /** Pace of the hand-out of text; 0 is as it comes, which is also the default. Also sent with runs, for the server's records. */
  readonly tokenInterval?: number;
  /** Connect again after a drop. Default `true`; else `reconnect()` does it. */
  readonly autoReconnect?: boolean;
  /** Attempts in a row before giving up. Default 10. */
  readonly maxReconnectAttempts?: number;
  /** Before the second attempt, doubling from there to at most 30 s, with full jitter. Default 1000. */
  readonly reconnectDelay?: number;
  /** Provider's deltas that are handed out as one token. */
  readonly tokenBatchSize?: number;
  /** When a batch leaves unfilled, counted from its first delta. Default 20 where a size is given. */
  readonly tokenBatchDelay?: number;
  /** Where `agent://environment/cluster` is. Default: the variable `OPENCLAW_CLUSTERS`, as JSON. */
  readonly clusters?: Clusters;
  /** What the server is to know it by. A function is asked for each connection anew, as tickets of web pages need: what it throws is a failed attempt. */
  readonly token?: Token;
  /** Default: the platform's. */
  readonly WebSocket?: WebSocketClass;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface ResolvedOptions {
  readonly streaming: boolean;
  readonly tokenInterval: number | undefined;
  readonly autoReconnect: boolean;
  readonly maxReconnectAttempts: number;
  readonly reconnectDelayMs: number;
  readonly batchSize: number;
  readonly batchDelayMs: number;
  readonly clusters: Clusters;
  readonly token: Token | undefined;
  readonly WebSocket: WebSocketClass | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** Throws `BAD_CONFIG` for a number that is none or below 0. */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  const {
    streaming = true,
    tokenInterval,
    autoReconnect = true,
    maxReconnectAttempts = 10,
    reconnectDelay: reconnectDelayMs = 1000,
    tokenBatchSize,
    tokenBatchDelay,
    clusters = parseClusters(globalThis.process?.env?.OPENCLAW_CLUSTERS || '{}'),
    token,
    WebSocket = globalThis.WebSocket,
    clock = systemClock,
    random = systemRandom,
  } = options;
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'number' && !(value >= 0)) throw new OpenClawError('BAD_CONFIG', `${name} is ${value}. Give a number from 0.`);
  }
  return {
    streaming,
    tokenInterval,
    autoReconnect,
    maxReconnectAttempts,
    reconnectDelayMs,
    batchSize: tokenBatchSize ?? (tokenBatchDelay === undefined ? 1 : Number.POSITIVE_INFINITY),
    batchDelayMs: tokenBatchDelay ?? 20,
    clusters,
    token,
    WebSocket,
    clock,
    random,
  };
}
