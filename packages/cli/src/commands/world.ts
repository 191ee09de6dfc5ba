import type { Clock, Random } from '@openclaw-runtime/kit';
import type { ConfigPorts } from '../config/ports.ts';
import type { OpenHouse } from '../house/house.ts';

/** What the commands may touch of the process and the machine. */
export interface World {
  readonly config: ConfigPorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly out: Output;
  readonly err: Output;
  readonly machine: Machine;
  readonly openHouse: OpenHouse;
  /** Calls `fn` at each interrupt or request to stop, in place of the process ending; the returned function lets go. */
  onStop(fn: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

export interface Output {
  readonly isTty: boolean;
  write(text: string): void;
}

export interface Machine {
  readonly nodeVersion: string;
  /** Status of a GET, or why there was none. Waits `timeoutMs` at most. */
  get(
    url: string,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<{ readonly status: number } | { readonly problem: string }>;
  isPortFree(host: string, port: number): Promise<boolean>;
  folder(path: string): Folder;
  isAlive(pid: number): boolean;
}

export type Folder =
  | { readonly kind: 'absent'; readonly creatable: boolean }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder'; readonly writable: boolean; readonly mode: number };
