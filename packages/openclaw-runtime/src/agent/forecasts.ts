import type { Forecaster, Learned } from '@openclaw-runtime/cli';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Server } from '../house/server.ts';

/** Forecasts as a server would make them, with what its runs have taught. */
export interface Forecasts {
  of(server: Server): Promise<Forecaster>;
}

/** What a server learned so long ago is new enough. */
const FRESH_MS = 1_000;

export function createForecasts(): Forecasts {
  let last: { readonly server: Server; readonly atMs: number; readonly made: Promise<Forecaster> } | undefined;
  return {
    of(server) {
      const atMs = server.ports.clock.now();
      if (last && last.server === server && atMs - last.atMs < FRESH_MS) return last.made;
      const made = learnedBy(server).then((learned) => server.ports.forecaster(server.config, learned));
      last = { server, atMs, made };
      return made;
    },
  };
}

/** Throws `BAD_REQUEST` where nothing is asked. */
export function checkAsked<T extends { readonly query: string }>(asked: T): T {
  const query: unknown = asked.query;
  if (typeof query === 'string' && query !== '') return asked;
  throw new OpenClawError('BAD_REQUEST', 'There is nothing to look at. Give a query.');
}

/** A forecast does without what cannot be had. */
async function learnedBy({ api }: Server): Promise<Learned> {
  try {
    return await api.learned();
  } catch {
    return {};
  }
}
