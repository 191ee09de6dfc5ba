import type { Api, Config, Forecaster, House, Learned, Owner } from '@openclaw-runtime/cli';
import type { OpenClawClient } from '@openclaw-runtime/client';
import type { Clock, Random } from '@openclaw-runtime/kit';

/** What an embedded house needs of this process and machine. */
export interface HousePorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Of this process. */
  readonly pid: number;
  log(line: string): void;
  /** What stands in the configuration file. Throws `BAD_CONFIG`. */
  configure(): Promise<Config>;
  /** Only servers that are there are talked to. */
  readonly connects: boolean;
  /** What a server asks for. */
  token(config: Config): Promise<string | undefined>;
  /** The server that is to be talked to: it has the data folder open, or was asked for. */
  owner(config: Config): Promise<Owner | undefined>;
  /** Throws `DATA_LOCKED` when another has the data folder open. */
  open(config: Config): Promise<House>;
  api(url: string, token: string | undefined): Api;
  /** Not connected yet. */
  client(options: { readonly token: string | undefined; readonly streaming: boolean }): OpenClawClient;
  /** Forecasts of depth and cost, as a house with this configuration makes them. */
  forecaster(config: Config, learned: Learned): Forecaster;
  /** The value of a text that a runtime wrote. */
  decode(text: string): unknown;
  /** Names of the agents that every house has. */
  readonly shipped: readonly string[];
}
