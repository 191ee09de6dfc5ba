import type { AgentSettings, Config } from '@openclaw-runtime/cli';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { openServer } from './open-server.ts';
import type { HousePorts } from './ports.ts';
import type { Server } from './server.ts';

/** A house in this process, or the way to the one that has its data folder open. Opened by the first call, closed when nothing was at work for a moment. */
export interface EmbeddedHouse extends AsyncDisposable {
  /** Runs that are not at their end go on when the data folder is opened again. */
  close(): Promise<void>;
}

/** The same as its agents see it. */
export interface Embedded extends EmbeddedHouse {
  /** From now on the house has this agent, with these settings over those of the configuration. */
  add(agent: string, settings: AgentSettings): void;
  /** The most threads that the house starts. */
  limitThreads(max: number): void;
  /** The house stays open while `work` is under way. */
  use<T>(work: (held: Held) => Promise<T>): Promise<T>;
}

/** A house that is kept open. */
export interface Held {
  /** The server of this moment: another one after {@link lost}. */
  reach(): Promise<Server>;
  /** The connection to this server is gone for good. */
  lost(server: Server): void;
}

/** Without work for so long, a house closes: then nothing keeps the process from ending. */
const IDLE_MS = 250;

type Phase =
  | { readonly kind: 'closed' }
  | { readonly kind: 'opening'; readonly opened: Promise<Server> }
  | { readonly kind: 'open'; readonly server: Server; readonly version: number }
  | { readonly kind: 'closing'; readonly done: Promise<void> }
  /** By `close`: whoever comes now is refused. */
  | { readonly kind: 'ended'; readonly done: Promise<void> };

export function createEmbedded(load: () => Promise<HousePorts>): Embedded {
  const agents = new Map<string, AgentSettings>();
  const said = new Set<string>();
  let maxThreads: number | undefined;
  /** Goes up when the house has to be another one. */
  let version = 0;
  let users = 0;
  let phase: Phase = { kind: 'closed' };
  let cancelIdle: () => void = () => undefined;

  const configOf = (config: Config): Config => ({
    ...config,
    agents: { ...config.agents, ...Object.fromEntries([...agents].map(([name, own]) => [name, { ...config.agents[name], ...own }])) },
    threads: { ...config.threads, ...(maxThreads === undefined ? {} : { max: maxThreads }) },
  });

  const open = async (): Promise<Server> => {
    const mine = version;
    const ports = await load();
    const config = configOf(await ports.configure());
    const server = await openServer(ports, config, agents.size > 0);
    for (const note of server.owned ? config.notes : []) {
      if (!said.has(note)) ports.log(`claw: ${note}`);
      said.add(note);
    }
    if (phase.kind === 'ended') {
      await server.close();
      throw closed();
    }
    phase = { kind: 'open', server, version: mine };
    void server.gone.then(() => lost(server));
    return server;
  };

  const begin = (): Promise<Server> => {
    const opened = open();
    phase = { kind: 'opening', opened };
    opened.catch(() => {
      if (phase.kind === 'opening') phase = { kind: 'closed' };
    });
    return opened;
  };

  const shut = (server: Server): Promise<void> => {
    const done = server
      .close()
      .catch((error: unknown) => server.ports.log(`claw: ${(error as Error).message}`))
      .then(() => {
        if (phase.kind === 'closing') phase = { kind: 'closed' };
      });
    phase = { kind: 'closing', done };
    return done;
  };

  const lost = (server: Server): void => {
    if (phase.kind === 'open' && phase.server === server) void shut(server);
  };

  const reach = async (): Promise<Server> => {
    for (;;) {
      switch (phase.kind) {
        case 'closed':
          return begin();
        case 'opening':
          await phase.opened;
          break;
        case 'open':
          if (phase.version === version || !phase.server.owned) return phase.server;
          await shut(phase.server);
          break;
        case 'closing':
          await phase.done;
          break;
        case 'ended':
          throw closed();
      }
    }
  };

  const rest = (server: Server): void => {
    cancelIdle = server.ports.clock.after(IDLE_MS, () => {
      if (phase.kind !== 'open' || phase.server !== server || users > 0) return;
      if (server.active > 0) rest(server);
      else void shut(server);
    });
  };

  const close = async (): Promise<void> => {
    cancelIdle();
    const before = phase;
    if (before.kind === 'ended') return before.done;
    const done = before.kind === 'open' ? before.server.close() : before.kind === 'closing' ? before.done : Promise.resolve();
    phase = { kind: 'ended', done };
    await done;
    // Closes itself once it is open, since it finds that nobody wants it any more.
    if (before.kind === 'opening') await before.opened.catch(() => undefined);
  };

  return {
    add(agent, settings) {
      agents.set(agent, settings);
      version++;
    },
    limitThreads(max) {
      maxThreads = max;
      version++;
    },
    async use(work) {
      cancelIdle();
      users++;
      try {
        return await work({ reach, lost });
      } finally {
        users--;
        if (users === 0 && phase.kind === 'open') rest(phase.server);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function closed(): OpenClawError {
  return new OpenClawError(
    'STREAM_DISCONNECTED',
    'The house of this agent was closed; runs that were at work go on when it is opened again.',
  );
}
