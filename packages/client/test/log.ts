import { type Random, seededRandom } from '@openclaw-runtime/kit';
import {
  applyRecord,
  type Batch,
  chain,
  decodeRecord,
  emptyFold,
  encodeRecord,
  type Kind,
  NO_USAGE,
  type Payloads,
  type RunFold,
  type WireRecord,
} from '@openclaw-runtime/protocol';

/** A run's log as a server has it: what tests send is cut from one. */
export interface Log {
  readonly records: readonly WireRecord[];
  readonly head: number;
  /** Chain value after record `seq`; 0 at 0. */
  h(seq: number): number;
  /** Records `first`..`last`, both included. */
  batch(ch: number, first: number, last?: number): Batch;
  fold(seq?: number): RunFold;
}

export type Entry = { [K in Kind]: readonly [K, number, number, Payloads[K], (readonly number[])?] }[Kind];

export function createLog(...entries: readonly Entry[]): Log {
  const texts = entries.map(([kind, step, attempt, data, deltas]) => encodeRecord(kind, step, attempt, data as never, deltas));
  const records = texts.map((text) => JSON.parse(text) as WireRecord);
  const marks = [0];
  for (const text of texts) marks.push(chain(marks.at(-1) as number, text));
  const head = records.length;
  const h = (seq: number): number => marks[seq] as number;
  return {
    records,
    head,
    h,
    batch: (ch, first, last = head) => [ch, first, records.slice(first - 1, last), h(last)],
    fold(seq = head) {
      const fold = emptyFold();
      records.slice(0, seq).forEach((record, i) => {
        applyRecord(fold, decodeRecord(record, i + 1));
      });
      return fold;
    },
  };
}

export const CREATED: Entry = ['run.created', 0, 0, { agent: 'default', input: 'hi', at: 1, fingerprint: 'f' }];
export const STEP: Entry = ['step.started', 1, 1, { model: 'sim' }];
export const ENDED: Entry = ['step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }];
export const FINISHED: Entry = ['run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE }];

/** One step that says these texts, one record each. */
export function saying(...texts: readonly string[]): Log {
  return createLog(CREATED, STEP, ...texts.map((text): Entry => ['text', 1, 1, text]), ENDED, FINISHED);
}

/** A finished run of up to three steps with thinking, tools, retries and superseded attempts. */
export function randomLog(seed: number): Log {
  const random = seededRandom(seed);
  const entries: Entry[] = [CREATED];
  const steps = 1 + Math.floor(random.float() * 3);
  for (let step = 1; step <= steps; step++) pushStep(entries, step, random);
  return createLog(...entries, FINISHED);
}

function pushStep(entries: Entry[], step: number, random: Random): void {
  let attempt = 1;
  const said = { text: '', thinking: '' };
  entries.push(['step.started', step, attempt, { model: 'sim' }]);
  for (let n = Math.floor(random.float() * 8); n > 0; n--) {
    const dice = random.float();
    if (dice < 0.55) {
      const deltas = Array.from({ length: 1 + Math.floor(random.float() * 3) }, () => word(random));
      said.text += deltas.join('');
      entries.push(['text', step, attempt, deltas.join(''), deltas.map((delta) => delta.length)]);
    } else if (dice < 0.75) {
      const thought = word(random);
      said.thinking += thought;
      entries.push(['thinking', step, attempt, thought]);
    } else if (dice < 0.85) {
      entries.push(['tool.called', step, attempt, { id: `c${step}.${attempt}.${n}`, name: 'look', arguments: '{}' }]);
    } else {
      const keep = Math.floor(random.float() * (said.text.length + 1));
      const keepThinking = Math.floor(random.float() * (said.thinking.length + 1));
      said.text = said.text.slice(0, keep);
      said.thinking = said.thinking.slice(0, keepThinking);
      entries.push(['step.started', step, attempt + 1, { model: 'sim', supersedes: attempt, keep, keepThinking }]);
      attempt++;
    }
  }
  entries.push(['step.ended', step, attempt, { finish: 'stop', usage: NO_USAGE }]);
}

function word(random: Random): string {
  return Math.floor(random.float() * 46656).toString(36);
}
