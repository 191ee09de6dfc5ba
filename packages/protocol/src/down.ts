import type { ErrorBody } from './errors.ts';
import type { RunFold } from './fold.ts';
import type { WireRecord } from './record.ts';

/** Frames a server sends: the wire's table of contents, downwards. */
export type DownFrame = Welcome | Started | Attached | Events | Snap | Heartbeat | Ok | GoAway | Err;

export interface Welcome {
  readonly t: 'welcome';
  readonly v: number;
  readonly server: string;
  readonly limits: Limits;
}

/** What the server takes from a client; beyond it the client gets an error, not a dropped message. */
export interface Limits {
  readonly maxFrameBytes: number;
  readonly maxChannels: number;
  readonly heartbeatMs: number;
}

/** Answers `start`; the run is durable. `dup` when the key had created it before. */
export interface Started {
  readonly t: 'started';
  readonly ch: number;
  readonly run: string;
  readonly epoch: number;
  readonly head: number;
  readonly dup?: true;
}

/** Answers `attach`: what comes next on the channel. Records follow after `from`; `snapshot` and `reset` send a `snap` or begin at 0. */
export interface Attached {
  readonly t: 'attached';
  readonly ch: number;
  readonly run: string;
  readonly epoch: number;
  readonly mode: 'replay' | 'snapshot' | 'reset';
  readonly from: number;
  readonly head: number;
  readonly done: boolean;
}

/** Records of any number of channels. */
export interface Events {
  readonly t: 'ev';
  readonly b: readonly Batch[];
}

/** `[channel, seq of the first record, records, chain value after the last]` */
export type Batch = readonly [ch: number, first: number, records: readonly WireRecord[], h: number];

/** Replaces all the client knew of the run by the fold of records 1..`s`. */
export interface Snap {
  readonly t: 'snap';
  readonly ch: number;
  readonly epoch: number;
  readonly s: number;
  readonly h: number;
  readonly fold: RunFold;
}

/** Heads of this connection's open channels: `[channel, head seq]`. */
export interface Heartbeat {
  readonly t: 'hb';
  readonly heads: readonly (readonly [ch: number, head: number])[];
}

/** The command with this id is durable; `dup` when it was before. */
export interface Ok {
  readonly t: 'ok';
  readonly id: string;
  readonly dup?: true;
}

/** The server will close; connect again after `retryMs`. */
export interface GoAway {
  readonly t: 'goaway';
  readonly retryMs: number;
}

/** An error of the connection, of a channel (`ch`) or of a command (`id`). */
export interface Err extends ErrorBody {
  readonly t: 'err';
  readonly ch?: number;
  readonly id?: string;
}
