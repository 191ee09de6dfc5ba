import type { Clock } from '@openclaw-runtime/kit';
import type { HttpSend } from '../http/port.ts';

/** A provider, as one model of it is called. */
export interface CallTarget {
  readonly provider: string;
  /** The model's name at the provider. */
  readonly model: string;
  readonly apiKey: () => string | undefined;
  /** Those of the configuration. */
  readonly headers: Readonly<Record<string, string>>;
  readonly firstChunkMs: number;
  readonly betweenChunksMs: number;
  readonly totalMs: number;
  readonly send: HttpSend;
  readonly clock: Clock;
}
