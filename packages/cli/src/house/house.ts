import type { Clock, Random } from '@openclaw-runtime/kit';
import type { OpenClawError } from '@openclaw-runtime/protocol';
import type { Config } from '../config/config.ts';
import type { Reloaded } from './reloaded.ts';

/** A server that takes clients: store, runtime and gateway in one process. */
export interface House {
  /** Where clients connect: `ws://host:port`. */
  readonly url: string;
  readonly port: number;
  /** What commands of this machine come in with; it lasts as long as the house. */
  readonly key?: string;
  /** Where Prometheus reads; absent where metrics are off, or their port was taken. */
  readonly metrics?: string;
  /** Runs that are at work. */
  readonly active: number;
  /** Reads the configuration again. What is refused changes nothing. Rejects with `NOT_IMPLEMENTED` where the house was not told how to. */
  reload?(): Promise<Reloaded>;
  /** Tells clients to go, and waits until runs have settled or are left to recovery. */
  drain(): Promise<void>;
  /** Frees everything. Runs that were not at their end go on when the data folder is opened again. */
  close(): Promise<void>;
  /** Resolves, with the reason, when the house cannot go on and must be closed. */
  readonly failed: Promise<OpenClawError>;
}

export interface HousePorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Of what serves. */
  readonly version?: string;
  /** Reads and checks the configuration anew. Absent: it stays what it was. */
  readonly readConfig?: () => Promise<Config>;
  /** One line for the operator, without its end. */
  log(line: string): void;
}

/** Throws `DATA_LOCKED` when another process owns the data folder, `BAD_CONFIG` when the address is taken. */
export type OpenHouse = (config: Config, ports: HousePorts) => Promise<House>;
