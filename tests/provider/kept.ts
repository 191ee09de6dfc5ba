import { randomBytes } from 'node:crypto';
import type { LedgerEntry } from './ledger.ts';
import type { Options } from './options.ts';
import { type Packet, pause } from './replay.ts';
import { packetsOf } from './take.ts';
import { RESPONSES } from './wires/responses.ts';
import type { Chunk } from './wires/wire.ts';

/** A response that comes into being whether or not anybody reads it. */
export interface Kept {
  readonly id: string;
  /** As it was asked for. */
  readonly model: string;
  readonly options: Options;
  readonly known: Pick<LedgerEntry, 'prompt' | 'full'> & { readonly nonce?: string };
  /** What whoever reads after this event number is to get, and from when on each is there. */
  after(event: number): Reading;
  /** Nothing that did not exist by now ever will. */
  cancel(): void;
}

export interface Reading {
  readonly packets: readonly Packet[];
  readonly made: (i: number, gone: AbortSignal) => Promise<void>;
}

const KEPT = 1_000;

export interface Keeper {
  /** `chunks` get the id of the new response. */
  keep(model: string, options: Options, chunks: readonly Chunk[], known: Kept['known']): Kept;
  find(id: string): Kept | undefined;
  reset(): void;
}

export function createKeeper(): Keeper {
  const kept = new Map<string, Kept>();
  return {
    keep(model, options, chunks, known) {
      const id = `resp_${randomBytes(12).toString('hex')}`;
      const response = begin(
        id,
        model,
        options,
        chunks.map((chunk) => named(chunk, id)),
        known,
      );
      kept.set(id, response);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value as string);
      return response;
    },
    find: (id) => kept.get(id),
    reset: () => kept.clear(),
  };
}

function begin(id: string, model: string, options: Options, chunks: readonly Chunk[], known: Kept['known']): Kept {
  const { ttft, gap, burst } = options;
  const beganAt = performance.now();
  const dueAt = (i: number): number => beganAt + ttft + Math.floor(i / burst) * gap;
  let left = chunks;
  return {
    id,
    model,
    options,
    known,
    after(event) {
      const first = left.findIndex((chunk) => !(Number(chunk['sequence_number']) <= event));
      const rest = first < 0 ? [] : left.slice(first);
      const made: Reading['made'] = async (i, gone) => {
        const inMs = dueAt(first + i) - performance.now();
        if (inMs > 0) await pause(inMs, gone);
      };
      return { packets: packetsOf(RESPONSES, rest), made };
    },
    cancel() {
      const made = left.findIndex((_, i) => dueAt(i) > performance.now());
      if (made >= 0)
        left = [...left.slice(0, made), { type: 'response.cancelled', sequence_number: made, response: { id, status: 'cancelled' } }];
    },
  };
}

function named(chunk: Chunk, id: string): Chunk {
  const { response } = chunk;
  return typeof response === 'object' && response !== null ? { ...chunk, response: { ...response, id } } : chunk;
}
