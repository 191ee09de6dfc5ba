import type { Level } from '@openclaw-runtime/model';
import { decodeRecords, type RunFold, type RunRecord } from '@openclaw-runtime/protocol';
import { type RunKey, type Runs, tenantOf } from '@openclaw-runtime/store';
import { askedOf } from './query.ts';
import type { Thinker } from './thinker.ts';

const PAGE_BYTES = 256 * 1024;
/** Of a run's log, to find out what was asked and answered last. */
const MOST_PAGES = 64;

/** What an ended run's answer was worth, by feedback that came afterwards: of its last turn, as far as its log tells that, else of its first. */
export async function learnLate(thinker: Thinker, runs: Runs, key: RunKey, feedback: unknown): Promise<void> {
  const { query, level } = await lastTurn(runs, key);
  if (level !== undefined) await thinker.learn(tenantOf(key), feedback, query, level);
}

interface LastTurn {
  query: string;
  level: Level | undefined;
}

async function lastTurn(runs: Runs, key: RunKey): Promise<LastTurn> {
  const turn: LastTurn = { query: '', level: undefined };
  const given = new Map<string, string>();
  for (let after = 0, pages = 0; pages < MOST_PAGES; pages++) {
    const { chunk, snapshot } = await runs.read(key, after, PAGE_BYTES);
    if (snapshot) {
      for (const record of decodeRecords(snapshot.creation, 1)) follow(turn, given, record);
      turn.level = (JSON.parse(snapshot.fold) as RunFold).level;
      return turn;
    }
    if (!chunk) return turn;
    for (const record of decodeRecords(chunk.body, chunk.first)) follow(turn, given, record);
    after = chunk.first + chunk.count - 1;
  }
  return turn;
}

function follow(turn: LastTurn, given: Map<string, string>, record: RunRecord): void {
  switch (record.kind) {
    case 'run.created': {
      const { input } = record.data;
      turn.query = typeof input === 'string' ? input : askedOf(input).query;
      return;
    }
    case 'message.given':
      given.set(record.data.command, record.data.text);
      return;
    case 'step.started': {
      const last = record.data.answers?.at(-1);
      if (last !== undefined) turn.query = given.get(last) ?? turn.query;
      return;
    }
    case 'level.chosen':
      turn.level = record.data.level;
      return;
    default:
  }
}
