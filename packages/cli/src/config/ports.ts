import type { RemoteSecrets } from '../secrets/ports.ts';

/** What reading a configuration needs of the world. */
export interface ConfigPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths start here. */
  readonly cwd: string;
  /** The file's text, or `undefined` when there is none. */
  readFile(path: string): string | undefined;
  /** For secrets that are out of this machine's variables and files; absent where none is fetched. */
  readonly remote?: RemoteSecrets;
}
