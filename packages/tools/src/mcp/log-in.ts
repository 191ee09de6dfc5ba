import { OpenClawError } from '@openclaw-runtime/protocol';
import { openLink } from './link.ts';
import { createMemoryLogins } from './logins.ts';
import type { HttpServer, McpServerOptions } from './options.ts';
import { hashOfTools } from './pin.ts';
import type { McpPorts } from './ports.ts';

/** What a login leads to. */
export interface LoggedIn {
  /** False where the server asked nobody to log in. */
  readonly asked: boolean;
  readonly tools: number;
  /** Of the tools, as a `pin` names them. */
  readonly hash: string;
  /** What was granted, where the authorization server says so. */
  readonly scope?: string;
}

/**
 * Lets a person log in to a server, also where somebody is logged in, and looks at its tools with that. What was kept before stays until all of it went well.
 * Rejects with why not, `TOOL_TIMEOUT` after `timeoutMs`, or the signal's reason.
 */
export async function logIn(
  name: string,
  options: McpServerOptions & HttpServer,
  ports: Omit<McpPorts, 'processes' | 'env'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<LoggedIn> {
  const { auth, url } = options;
  if (auth && auth.grant !== 'person')
    throw new OpenClawError(
      'BAD_REQUEST',
      `The MCP server ${name} is logged in to with credentials of the configuration: there is nobody to ask.`,
    );
  const before = await ports.logins.read(name);
  const fresh = createMemoryLogins();
  if (before?.url === url) {
    const { tokens: _, ...rest } = before;
    await fresh.write(name, rest);
  }
  const link = await openLink({ name, options }, { ...ports, ...NO_PROCESSES, logins: fresh }, timeoutMs, signal);
  try {
    const login = await fresh.read(name);
    if (login?.tokens) await ports.logins.write(name, login);
    const { scope } = login?.tokens ?? {};
    const hash = hashOfTools(link.tools);
    return { asked: login?.tokens !== undefined, tools: link.tools.length, hash, ...(scope === undefined ? {} : { scope }) };
  } finally {
    await link.close();
  }
}

/** A server with an address needs none. */
const NO_PROCESSES: Pick<McpPorts, 'processes' | 'env'> = {
  env: {},
  processes: {
    find: async () => undefined,
    start() {
      throw new OpenClawError('INTERNAL', 'no process is started for a login');
    },
  },
};
