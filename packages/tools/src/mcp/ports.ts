import type { Clock, Random } from '@openclaw-runtime/kit';
import type { Processes } from '../process/port.ts';
import type { Consent } from './consent.ts';
import type { Logins } from './logins.ts';

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
  readonly logins: Logins;
  /** Absent: nobody can log in here. */
  readonly consent?: Consent | undefined;
  /** As which servers know us. */
  readonly identity: { readonly name: string; readonly version: string };
}
