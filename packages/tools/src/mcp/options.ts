import type { Given } from '../process/given.ts';
import type { McpAuth } from './auth-options.ts';

/** An MCP server as configured. What is absent is chosen by `resolveServer`. */
export type McpServerOptions = (StdioServer | HttpServer) & {
  /** What `hash` says of the tools that were looked at; another list is refused. */
  readonly pin?: string;
  /** Which of its tools are there; with `*` for any rest of a name. Absent: all. */
  readonly tools?: readonly string[];
  /** Of one call. */
  readonly timeoutMs?: number;
  /** From the start of the server to its list of tools. */
  readonly startTimeoutMs?: number;
  /** Of whose calls a person is asked first: `always`, or `writes`, of those that do not say they only read. Absent or `never`: as the house has it. */
  readonly approve?: 'always' | 'writes' | 'never';
  /** `defaults`: forms that it wants filled in are answered with their own defaults. Absent: it cannot ask. */
  readonly elicitation?: 'none' | 'defaults';
};

export interface StdioServer {
  readonly kind: 'stdio';
  readonly command: string;
  readonly args?: readonly string[];
  /** Besides what the machine gives every server (PATH, HOME and the like). */
  readonly env?: Readonly<Record<string, Given>>;
  readonly cwd?: string;
}

export interface HttpServer {
  readonly kind: 'http';
  readonly url: string;
  /** Sent to this origin only. */
  readonly headers?: Readonly<Record<string, Given>>;
  readonly auth?: McpAuth;
}
