import type { RunKey } from '@openclaw-runtime/store';
import type { CreateDeps } from '../../admission/create-run.ts';
import type { GatewayContext } from '../../admission/options.ts';
import type { Principal } from '../../identity/principal.ts';
import type { Asker } from '../../limits/admission.ts';
import type { Fields } from '../../openai/input/fields.ts';
import type { Book } from '../sessions/book.ts';
import type { AboutRun } from '../telling/told.ts';
import type { Client } from '../words/client.ts';

/** What all connections of this protocol share. */
export interface House {
  readonly context: GatewayContext;
  readonly create: CreateDeps;
  readonly book: Book;
  readonly hub: Hub;
  /** Of the clock, when the server began. */
  readonly startedAt: number;
  /** Whether new work is taken. */
  ready(): boolean;
}

/** A connection as its methods see it. */
export interface Seat {
  readonly connId: string;
  readonly client: Client;
  readonly principal: Principal;
  /** For limits: who it is, and from where. */
  readonly asker: Asker;
  /** By the wall clock. */
  readonly sinceMs: number;
  /** Aborts when it is gone. */
  readonly gone: AbortSignal;
  /** Throws `RATE_LIMITED` unless another run can be told here. */
  checkRoom(): void;
  /** Tells this run here from now on, behind record `from`, unless it is told already. */
  attach(key: RunKey, about: AboutRun, from: number): void;
  /** Tells the runs that begin in this session from now on. `isWhole`: its messages too, once they are said. */
  watch(sessionKey: string, isWhole: boolean): void;
  unwatch(sessionKey: string): void;
  /** What people are asked in the runs that are told here. */
  approvals(): readonly object[];
  /** Tells how sessions change. */
  watchSessions(): void;
}

/** Connections of one process that know of each other. What they tell is in the log, too. */
export interface Hub {
  enter(seat: Audience): () => void;
  seats(tenant: string): readonly Seat[];
  began(tenant: string, key: RunKey, about: AboutRun): void;
  changed(tenant: string, payload: object): void;
}

/** What a connection is told of what others did. */
export interface Audience extends Seat {
  began(key: RunKey, about: AboutRun): void;
  changed(payload: object): void;
}

/** One request. */
export interface Call {
  readonly house: House;
  readonly seat: Seat;
  readonly tenant: string;
  readonly params: Fields;
  /** The same, as they came. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Answers before the answer. */
  accept(payload: object): void;
  /** Does this when the answer is on its way. */
  afterwards(act: () => void): void;
}

export type Method = (call: Call) => object | Promise<object>;

/** The answer is an error that says more than an error. */
export class Failure {
  readonly error: unknown;
  readonly payload: object;

  constructor(error: unknown, payload: object) {
    this.error = error;
    this.payload = payload;
  }
}
