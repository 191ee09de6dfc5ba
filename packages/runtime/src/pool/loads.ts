import type { AgentCard, Down } from '@openclaw-runtime/agent';
import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';

/** The modules of one thread, by agent. */
export interface Loads {
  /** Of those that are being imported, the one that was asked for first. */
  readonly pending: Load | undefined;
  get(agent: string): Load | undefined;
  /** Imports it, once. One that failed is tried anew when it is asked for again. */
  load(agent: string, module: string): Promise<AgentCard>;
  loaded(agent: string, card: AgentCard): void;
  fail(agent: string, error: OpenClawError): void;
  failAll(errorOf: (load: Load) => OpenClawError): void;
}

export interface Load {
  readonly agent: string;
  readonly module: string;
  readonly done: boolean;
}

interface Entry extends Load {
  done: boolean;
  readonly card: Promise<AgentCard>;
  resolve(card: AgentCard): void;
  reject(error: OpenClawError): void;
  cancelLimit(): void;
}

export function createLoads(post: (message: Down) => void, clock: Clock, loadMs: number): Loads {
  const entries = new Map<string, Entry>();

  const end = (entry: Entry, error: OpenClawError): void => {
    if (entry.done || entries.get(entry.agent) !== entry) return;
    entries.delete(entry.agent);
    entry.cancelLimit();
    entry.reject(error);
  };

  return {
    get pending() {
      for (const entry of entries.values()) if (!entry.done) return entry;
      return undefined;
    },
    get: (agent) => entries.get(agent),
    load(agent, module) {
      const known = entries.get(agent);
      if (known) return known.card;
      const { promise: card, resolve, reject } = Promise.withResolvers<AgentCard>();
      card.catch(() => undefined);
      const cancelLimit = clock.after(loadMs, () => {
        end(entry, badModule(module, `was not imported within ${loadMs} ms: something at its top level does not end`));
      });
      const entry: Entry = { agent, module, done: false, card, resolve, reject, cancelLimit };
      entries.set(agent, entry);
      post({ t: 'load', agent, module });
      return card;
    },
    loaded(agent, card) {
      const entry = entries.get(agent);
      if (!entry) return;
      entry.done = true;
      entry.cancelLimit();
      entry.resolve(card);
    },
    fail(agent, error) {
      const entry = entries.get(agent);
      if (entry) end(entry, error);
    },
    failAll(errorOf) {
      for (const entry of entries.values()) end(entry, errorOf(entry));
    },
  };
}

export function badModule(module: string, what: string): OpenClawError {
  return new OpenClawError('BAD_CONFIG', `The agent's module ${module} ${what}.`);
}
