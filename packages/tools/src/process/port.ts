/** Other programs, as `shell.run` and MCP servers need them. */
export interface Processes {
  /** Absolute path of a program by its name, in these folders; an absolute path is looked at as it is. */
  find(program: string, folders: readonly string[]): Promise<string | undefined>;
  /** The child leads a process group of its own. Where it cannot be started, `ended` says so. */
  start(spec: ProcessSpec): Child;
}

export interface ProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** All that it gets. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Child {
  readonly pid: number | undefined;
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** Resolves when the child's pipe has taken it, or the child is gone. */
  write(text: string): Promise<void>;
  endInput(): void;
  /** When the child has ended; what is left of its group is ended then. */
  readonly ended: Promise<Ended>;
  /** Ends its whole group: `gently` asks, `now` does not, and closes the pipes as well. */
  kill(how: 'gently' | 'now'): void;
}

export type Ended = { readonly code: number | null; readonly signal: string | null } | { readonly failure: string };
