import { decodeRecords } from '@openclaw-runtime/protocol';
import type { Head } from '../contract/store.ts';
import { type About, aboutOf, firstRecord } from '../hall/about.ts';
import { type Piece, splitBody } from '../hall/chunk.ts';
import { assembleFold, emptyFolded, type Folded, foldRecords, partIds } from '../hall/folding.ts';
import type { Segment } from '../hall/line.ts';
import { createParts } from './parts.ts';

/** What a file would keep of a run that has ended or grown long. */
export interface KeptRun {
  readonly key: string;
  readonly born: number;
  readonly about: About;
  head: Head;
  status: string;
  ended: number;
  readonly fingerprint: string;
  pieces: Piece[];
  seq: number;
  h: number;
  creation: string;
  folded: Folded;
}

export interface KeptRuns {
  readonly all: ReadonlyMap<string, KeptRun>;
  place(segment: Segment): void;
  /** The next piece goes into the snapshot. Whether there was one. */
  fold(run: KeptRun): boolean;
  /** JSON of the snapshot's fold. */
  foldOf(run: KeptRun): string;
  erase(run: KeptRun): void;
}

export function createKeptRuns(): KeptRuns {
  const all = new Map<string, KeptRun>();
  const parts = createParts();
  return {
    all,
    place({ key, head, born, status, ended, fingerprint, piece }) {
      const run = all.get(key) ?? {
        key,
        born,
        about: aboutOf(firstRecord(piece.body)),
        head,
        status,
        ended,
        fingerprint,
        pieces: [],
        seq: 0,
        h: 0,
        creation: '',
        folded: emptyFolded(),
      };
      all.set(key, Object.assign(run, { head, status, ended, pieces: [...run.pieces, piece] }));
    },
    fold(run) {
      const next = run.pieces.find(({ first }) => first === run.seq + 1);
      if (!next) return false;
      if (next.first === 1) run.creation = splitBody(next.body)[0] ?? '';
      foldRecords(run.folded, decodeRecords(next.body, next.first), parts);
      Object.assign(run, { seq: next.first + next.count - 1, h: next.h });
      return true;
    },
    foldOf: ({ folded }) => assembleFold(folded, parts.get),
    erase(run) {
      for (const id of partIds(run.folded)) parts.drop(id);
      all.delete(run.key);
    },
  };
}
