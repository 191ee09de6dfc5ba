import type { OpenFolder } from '../fs/port.ts';
import type { Web } from '../http/port.ts';
import type { McpPorts } from '../mcp/ports.ts';
import type { Processes } from '../process/port.ts';

/** What tools take from outside; `createMachine` gives the real ones. */
export interface Machine {
  readonly web: Web;
  readonly openFolder: OpenFolder;
  readonly processes: Processes;
  readonly fetch: McpPorts['fetch'];
  /** Environment that every MCP server process gets. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}
