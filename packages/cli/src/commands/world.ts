import type { Clock, Random } from '@openclaw-runtime/kit';
import type { ConfigPorts } from '../config/ports.ts';
import type { OpenHouse } from '../house/house.ts';
import type { DataTools } from './data-tools.ts';

/** What the commands may touch of the process and the machine. */
export interface World {
  readonly config: ConfigPorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly out: Output;
  readonly err: Output;
  readonly input: Input;
  readonly machine: Machine;
  readonly data: DataTools;
  readonly openHouse: OpenHouse;
  /** Calls `fn` at each interrupt or request to stop, in place of the process ending; the returned function lets go. */
  onStop(fn: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Calls `fn` when whoever runs the process says that the configuration is another (SIGHUP); the returned function lets go. Absent: nobody says so. */
  onReload?(fn: () => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

export interface Output {
  readonly isTty: boolean;
  /** Of a terminal, in columns. */
  readonly width: number;
  write(text: string): void;
}

export interface Input {
  readonly isTty: boolean;
  /** All of it, to its end. */
  read(): Promise<string>;
  /** Line by line, without line feeds. */
  lines(): AsyncIterable<string>;
  /** What a terminal sends as keys are pressed, not echoed, and `undefined` at its end; until the returned function is called. */
  keys(listen: (data: string | undefined) => void): () => void;
}

/** An HTTP request to a server of ours, and what came back. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type HttpAnswer = { readonly status: number; readonly body: string } | { readonly problem: string };

export interface Machine {
  readonly nodeVersion: string;
  /** Status of a GET, or why there was none. Waits `timeoutMs` at most. */
  get(
    url: string,
    headers: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<{ readonly status: number } | { readonly problem: string }>;
  /** The whole answer, or why there was none. Waits `timeoutMs` at most. */
  ask(url: string, request: HttpRequest, timeoutMs: number): Promise<HttpAnswer>;
  /** Whether a package can be imported from a folder. */
  hasPackage(name: string, folder: string): Promise<boolean>;
  isPortFree(host: string, port: number): Promise<boolean>;
  folder(path: string): Folder;
  isAlive(pid: number): boolean;
}

export type Folder =
  | { readonly kind: 'absent'; readonly creatable: boolean }
  | { readonly kind: 'file' }
  | { readonly kind: 'folder'; readonly writable: boolean; readonly mode: number };
