/** What reading a configuration needs of the world. */
export interface ConfigPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths start here. */
  readonly cwd: string;
  /** The file's text, or `undefined` when there is none. */
  readFile(path: string): string | undefined;
}
