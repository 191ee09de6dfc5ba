import type { HouseTool } from '@openclaw-runtime/agent';
import { backoffMs, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { orAbort, within } from '../tool/within.ts';
import { type Link, openLink } from './link.ts';
import type { Login } from './logins.ts';
import type { McpServerOptions } from './options.ts';
import { hashOfTools } from './pin.ts';
import { plainText } from './plain-text.ts';
import type { McpPorts } from './ports.ts';
import { createServerTools } from './server-tools.ts';

const RESTART = { baseMs: 500, capMs: 30_000 };
/** A server that held this long is no server that keeps ending. */
const STEADY_MS = 60_000;
/** How long a call waits for a server that is not there. */
const PATIENCE_MS = 10_000;
/** How often one that wants a login looks whether there is one. */
const LOGIN_LOOK_MS = 2_000;
/** Characters of why a server is gone. */
const MAX_WHY = 2_000;

/** One configured server: kept running, its tools as they were first seen or pinned. */
export interface McpServer {
  readonly name: string;
  /** Those that may be called, also while the server is being started again. */
  tools(): readonly HouseTool[];
  state(): McpServerState;
  /** When it has been tried once. */
  readonly tried: Promise<void>;
  /** A link that is up, waited for if need be. Rejects with `TOOL_FAILED` where there will be none. */
  link(signal: AbortSignal): Promise<Link>;
  /** The link is of no use any more. */
  lose(link: Link): void;
  close(): Promise<void>;
}

export interface McpServerState {
  readonly name: string;
  readonly phase: Phase['phase'];
  /** Of the tools that are offered. */
  readonly hash?: string;
  readonly why?: string;
}

type Phase =
  | { readonly phase: 'starting' }
  | { readonly phase: 'ready'; readonly link: Link }
  | { readonly phase: 'waiting'; readonly why: string }
  /** Somebody has to log in; then it is started. */
  | { readonly phase: 'locked'; readonly why: string }
  /** Its tools are not those that somebody looked at: it is not started again. */
  | { readonly phase: 'refused'; readonly why: string }
  | { readonly phase: 'closed' };

export interface ServerSetup {
  readonly name: string;
  readonly options: McpServerOptions;
  readonly timeoutMs: number;
  readonly startTimeoutMs: number;
  readonly maxResultBytes: number;
  readonly needsApproval: (name: string) => boolean;
}

/** Starts it, and again whenever it ends, with growing pauses. */
export function startServer(setup: ServerSetup, ports: McpPorts): McpServer {
  const { name, options } = setup;
  const stop = new AbortController();
  const tried = Promise.withResolvers<void>();
  let phase: Phase = { phase: 'starting' };
  let changed = Promise.withResolvers<void>();
  let hash = options.pin;
  let tools: readonly HouseTool[] = [];
  const become = (next: Phase): void => {
    phase = next;
    changed.resolve();
    changed = Promise.withResolvers();
    if (next.phase !== 'starting') tried.resolve();
  };

  const failed = (how: string): OpenClawError => new OpenClawError('TOOL_FAILED', `The MCP server ${name} ${how}`);

  const server: McpServer = {
    name,
    tools: () => (phase.phase === 'refused' ? [] : tools),
    state: () => ({
      name,
      phase: phase.phase,
      ...(hash === undefined ? {} : { hash }),
      ...('why' in phase ? { why: phase.why } : {}),
    }),
    tried: tried.promise,
    link: (signal) =>
      within(ports.clock, name, PATIENCE_MS, signal, async (inner) => {
        for (;;) {
          if (phase.phase === 'ready') return phase.link;
          if (phase.phase === 'refused') throw failed(`is not used: ${phase.why}`);
          if (phase.phase === 'locked') throw new OpenClawError('UNAUTHENTICATED', phase.why);
          if (phase.phase === 'closed') throw failed('is closed: this server is stopping.');
          await orAbort(changed.promise, inner);
        }
      }).catch((error: unknown) => {
        if (signal.aborted || !(error instanceof OpenClawError) || error.code !== 'TOOL_TIMEOUT') throw error;
        throw failed(`cannot be reached${'why' in phase ? ` (${phase.why})` : ''}. It is tried again.`);
      }),
    lose(link) {
      if (phase.phase !== 'ready' || phase.link !== link) return;
      become({ phase: 'starting' });
      void link.close();
    },
    async close() {
      stop.abort(new OpenClawError('TOOL_FAILED', `The MCP server ${name} is closed: this server is stopping.`));
      await running;
      become({ phase: 'closed' });
    },
  };

  const admit = (link: Link): string | undefined => {
    const seen = hashOfTools(link.tools);
    if (hash !== undefined && hash !== seen) {
      return `its tools are not those of the pin ${hash}. Look at them; if they are as they should be, set pin: ${seen}`;
    }
    hash = seen;
    tools = createServerTools(server, link.tools, setup, ports);
    return undefined;
  };

  /** One life of the server; resolves to why it ended, or undefined where it is not to be started again. */
  const live = async (): Promise<string | undefined> => {
    const link = await openLink({ name, options }, ports, setup.startTimeoutMs, stop.signal);
    try {
      const why = admit(link);
      if (why !== undefined) {
        become({ phase: 'refused', why });
        ports.note(`The MCP server ${name} is not used: ${why}`);
        return undefined;
      }
      become({ phase: 'ready', link });
      return await orAbort(link.closed, stop.signal);
    } finally {
      await link.close();
    }
  };

  /** Until there is another login than this one, or the server is closed. */
  const otherLogin = async (before: Login | undefined): Promise<void> => {
    const known = before?.tokens?.access_token;
    while (!stop.signal.aborted) {
      await sleep(ports.clock, LOGIN_LOOK_MS, stop.signal).catch(() => {});
      const token = (await ports.logins.read(name).catch(() => undefined))?.tokens?.access_token;
      if (token !== undefined && token !== known) return;
    }
  };

  const keep = async (): Promise<void> => {
    for (let lives = 1; !stop.signal.aborted; lives++) {
      const began = ports.clock.now();
      const before = await ports.logins.read(name).catch(() => undefined);
      const end = await live().catch((error: unknown) => OpenClawError.from(error));
      if (end === undefined || stop.signal.aborted) return;
      const why = plainText(typeof end === 'string' ? end : end.message, MAX_WHY);
      if (typeof end !== 'string' && end.code === 'UNAUTHENTICATED') {
        become({ phase: 'locked', why });
        ports.note(why);
        await otherLogin(before);
        become({ phase: 'starting' });
        continue;
      }
      if (ports.clock.now() - began >= STEADY_MS) lives = 1;
      const delayMs = Math.round(backoffMs(RESTART, lives, ports.random));
      become({ phase: 'waiting', why });
      ports.note(`The MCP server ${name} is gone (${why}). It is started again in ${delayMs} ms.`);
      await sleep(ports.clock, delayMs, stop.signal).catch(() => {});
    }
  };

  const running = keep();
  return server;
}
