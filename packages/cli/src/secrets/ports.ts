/** What getting secrets needs of the world. */
export interface SecretPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file's text, or `undefined` when there is none. */
  readFile(path: string): string | undefined;
  /** Absent where nothing is fetched: such secrets are then known by name only. */
  readonly remote?: RemoteSecrets;
}

/** Places that answer later. Both reject with why there is no answer; what they say names no value. */
export interface RemoteSecrets {
  /** A GET that follows no redirection. */
  ask(
    url: string,
    headers: Readonly<Record<string, string>>,
    limits: RemoteLimits,
  ): Promise<{ readonly status: number; readonly body: string }>;
  /** What a program prints, run without a shell; it ends when its time is over. */
  run(argv: readonly string[], folder: string, limits: RemoteLimits): Promise<string>;
}

export interface RemoteLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}
