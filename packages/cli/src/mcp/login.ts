import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Callback, Consent, LoggedIn } from '@openclaw-runtime/tools';
import { plainJson, plainText } from '../commands/plain.ts';
import type { World } from '../commands/world.ts';
import type { McpSettings } from '../config/config.ts';
import { parseDuration } from '../config/units.ts';
import { configOf, interruptible } from '../data/options.ts';
import { serverOf } from '../house/mcp-servers.ts';
import { loginsOf, type McpOptions, serverNamed } from './options.ts';

export interface LoginOptions extends McpOptions {
  readonly timeout: string;
}

/** Lets a person log in to an MCP server with a browser, and keeps what came of it. Resolves with the exit code. */
export function login(name: string, options: LoginOptions, world: World): Promise<number> {
  return interruptible(world, async (signal) => {
    const config = configOf(options, world);
    const server = httpServer(name, serverNamed(name, config));
    const timeoutMs = parseDuration(options.timeout);
    if (!timeoutMs) throw new OpenClawError('BAD_REQUEST', `--timeout: ${JSON.stringify(options.timeout)} is no duration, such as 10m.`);
    const { createMachine, logIn, openCallback } = await import('@openclaw-runtime/tools');
    const { clock, random } = world;
    const machine = createMachine(world.config.env, random);
    const callback = await openCallback(portOf(server));
    try {
      const ports = {
        clock,
        random,
        fetch: machine.fetch,
        note: (text: string) => world.err.write(`claw: ${plainText(text)}\n`),
        logins: loginsOf(config, world),
        consent: consentBy(name, callback, world),
        identity: { name: 'openclaw-runtime', version: '0' },
      };
      tell(name, await attempt(name, () => logIn(name, server, ports, timeoutMs, signal), signal), options, world);
      return 0;
    } finally {
      await callback.close();
      await machine.close();
    }
  });
}

type HttpOptions = Extract<ReturnType<typeof serverOf>, { readonly kind: 'http' }>;

function httpServer(name: string, settings: McpSettings): HttpOptions {
  const server = serverOf(settings);
  if (server.kind === 'http') return server;
  throw new OpenClawError('BAD_REQUEST', `The MCP server ${name} is a program of this machine: give it what it needs by mcp.${name}.env.`);
}

function portOf({ auth }: HttpOptions): number {
  return auth?.grant === 'person' ? (auth.redirectPort ?? 0) : 0;
}

/** The address is for a person, so it goes to stderr: stdout has what came of it. */
function consentBy(name: string, callback: Callback, world: World): Consent {
  return {
    redirectUrl: callback.redirectUrl,
    ask(url, state, signal) {
      world.err.write(`claw: to log in to ${name}, visit this address in a browser on this machine:\n\n  ${plainText(url.href)}\n\n`);
      return callback.wait(state, signal);
    },
  };
}

async function attempt(name: string, act: () => Promise<LoggedIn>, signal: AbortSignal): Promise<LoggedIn> {
  try {
    return await act();
  } catch (error) {
    const { code, message } = OpenClawError.from(error);
    if (signal.aborted || code === 'BAD_REQUEST') throw error;
    throw new OpenClawError('UNAUTHENTICATED', `Nobody was logged in to the MCP server ${name}: ${message}`, { cause: error });
  }
}

function tell(name: string, { asked, tools, hash, scope }: LoggedIn, { json = false }: LoginOptions, { out }: World): void {
  if (json) return out.write(`${plainJson({ server: name, asked, tools, hash, ...(scope === undefined ? {} : { scope }) })}\n`);
  const granted = scope === undefined ? '' : `, with the rights ${plainText(scope)}`;
  out.write(asked ? `logged in to ${name}${granted}\n` : `${name} asks nobody to log in\n`);
  out.write(`it has ${tools} tools; mcp.${name}.pin: ${hash} lets it have no others\n`);
}
