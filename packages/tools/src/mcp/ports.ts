import type { Clock, Random } from '@openclaw-runtime/kit';
import type { Processes } from '../process/port.ts';

/** What connections to MCP servers take from outside. */
export interface McpPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly processes: Processes;
  /** Environment that every server process gets. */
  readonly env: Readonly<Record<string, string>>;
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Something that whoever runs the server should know. */
  readonly note: (text: string) => void;
  /** As which servers know us. */
  readonly identity: { readonly name: string; readonly version: string };
}
