import type { ServerResponse } from 'node:http';
import { createKeeper, type Kept } from './kept.ts';
import type { Ledger } from './ledger.ts';
import { isFaulty, type Options, parseModel } from './options.ts';
import { pause, replay, type Stats } from './replay.ts';
import { json, refuse } from './reply.ts';
import { packetsOf, takeOf } from './take.ts';
import { RESPONSES } from './wires/responses.ts';
import type { Body, Wire } from './wires/wire.ts';

export interface Answering {
  /** A new answer. */
  ask(wire: Wire, body: Body, response: ServerResponse): Promise<void>;
  /** A kept one, once more. */
  again(id: string, query: URLSearchParams, response: ServerResponse): Promise<void>;
  cancel(id: string, response: ServerResponse): void;
  reset(): void;
}

/** `streams` by wire and name. */
export function createAnswering(
  streams: ReadonlyMap<Wire, ReadonlyMap<string, readonly string[]>>,
  vary: boolean,
  ledger: Ledger,
  stats: Stats,
): Answering {
  const strikes = new Map<string, number>();
  const keeper = createKeeper();

  /** Whether this request is to go wrong; counts it when so. */
  const strike = (wire: Wire, model: string, options: Options): boolean => {
    const key = `${wire.name} ${model}`;
    const struck = strikes.get(key) ?? 0;
    if (!isFaulty(options) || struck >= options.times) return false;
    strikes.set(key, struck + 1);
    stats.faults++;
    return true;
  };

  const show = async (kept: Kept, event: number, faulty: boolean, again: boolean, response: ServerResponse): Promise<void> => {
    const { model, options, known } = kept;
    const about = { model, ...known, prefix: '', continued: false, response: kept.id };
    const entry = ledger.open(again ? { ...about, again: true } : about);
    const { endMark, junk } = RESPONSES;
    await replay(response, { ...kept.after(event), endMark, junk, options, faulty, entry, stats, gone: closed(response) });
  };

  return {
    async ask(wire, body, response) {
      const model = body.model ?? '';
      const { name, options } = parseModel(model);
      const lines = streams.get(wire)?.get(name);
      if (lines === undefined) return refuse(response, wire, 404, `There is no model '${model}' here.`, 'model_not_found');
      const faulty = strike(wire, model, options);
      if (faulty && options.status !== undefined) {
        return refuse(response, wire, options.status, `Status ${options.status}, as asked.`, null, options.retry);
      }
      const prefix = wire.prefixOf(body);
      const take = takeOf(wire, lines, options, vary, prefix);
      const named = take.nonce === undefined ? {} : { nonce: take.nonce };
      const known = { prompt: wire.promptOf(body), full: take.full, ...named };
      if (wire === RESPONSES && body['background'] === true) {
        return show(keeper.keep(model, options, take.chunks, known), -1, faulty, false, response);
      }
      const entry = ledger.open({ model, ...known, prefix, continued: take.continued });
      const gone = closed(response);
      await pause(options.ttft, gone);
      if (body.stream !== true) {
        entry.sent = entry.full;
        entry.status = 'finished';
        stats.finished++;
        return json(response, wire.whole(name, take.chunks));
      }
      const { endMark, junk } = wire;
      await replay(response, { packets: packetsOf(wire, take.chunks, take.lines), endMark, junk, options, faulty, entry, stats, gone });
    },

    async again(id, query, response) {
      const kept = keeper.find(id);
      if (kept === undefined || kept.options.forget) return unknown(id, response);
      if (query.get('stream') !== 'true') return json(response, { id, object: 'response', model: kept.model });
      const faulty = strike(RESPONSES, kept.model, kept.options);
      const { status, retry } = kept.options;
      if (faulty && status !== undefined) return refuse(response, RESPONSES, status, `Status ${status}, as asked.`, null, retry);
      await show(kept, Number(query.get('starting_after') ?? -1), faulty, true, response);
    },

    cancel(id, response) {
      const kept = keeper.find(id);
      if (kept === undefined) return unknown(id, response);
      kept.cancel();
      stats.cancelled++;
      json(response, { id, object: 'response', status: 'cancelled' });
    },

    reset() {
      strikes.clear();
      keeper.reset();
    },
  };
}

function unknown(id: string, response: ServerResponse): void {
  refuse(response, RESPONSES, 404, `Response with id '${id}' not found.`, null);
}

function closed(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}
