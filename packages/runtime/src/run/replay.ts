import { applyRecord, decodeRecords, emptyFold, OpenClawError, type RunFold, type RunRecord, type Tier } from '@openclaw-runtime/protocol';
import type { RunKey, Snapshot, Store } from '@openclaw-runtime/store';
import { followThoughts } from '../think/thoughts.ts';
import { beginCourse, type Course, followCourse } from './course.ts';
import type { Given } from './messages.ts';
import { followPast, type Past } from './past.ts';

/** What an earlier owner left of a run. */
export interface Replay {
  readonly fold: RunFold;
  readonly state: ReplayState;
  /** Ids of the commands that the log knows as accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Id of the accepted cancellation that was not carried out. */
  readonly cancelled: string | undefined;
  /** The messages that the run was given, each with the step that answers it. */
  readonly given: readonly Given[];
  /** How the last step went so far. */
  readonly course: Course;
}

/** What recovery needs of records 1..seq beside their fold. It is JSON, and does not grow with what models said. */
export interface ReplayState extends Past {
  seq: number;
  readonly accepted: string[];
  cancelled?: string;
  readonly given: Given[];
  course: Course;
  /** What was said of it last. */
  tier?: Tier;
  /** The last step, and the characters that its surviving attempt has. */
  step: number;
  readonly said: { readonly text: { length: number }; readonly thinking: { length: number } };
}

const PAGE_BYTES = 1024 * 1024;
/** Shorter logs are read whole. */
const LONG_RECORDS = 4096;

export function beginReplay(): ReplayState {
  return { seq: 0, accepted: [], given: [], course: beginCourse(), step: 0, said: { text: { length: 0 }, thinking: { length: 0 } } };
}

/** Applies one record, in place. Records come in order. */
export function applyReplay(state: ReplayState, record: RunRecord): void {
  const { said, given, accepted } = state;
  state.seq = record.seq;
  state.course = followCourse(state.course, record, said);
  switch (record.kind) {
    case 'step.started': {
      const { answers = [], supersedes, keep = 0, keepThinking = 0 } = record.data;
      for (const each of given) if (answers.includes(each.command)) each.step = record.step;
      const goesOn = supersedes !== undefined && state.step === record.step;
      said.text.length = goesOn ? Math.min(said.text.length, keep) : 0;
      said.thinking.length = goesOn ? Math.min(said.thinking.length, keepThinking) : 0;
      state.step = record.step;
      return;
    }
    case 'text':
    case 'thinking':
      said[record.kind].length += record.data.length;
      return;
    case 'message.given':
      accepted.push(record.data.command);
      given.push({ ...record.data });
      return;
    case 'cancel.requested':
      accepted.push(record.data.command);
      state.cancelled = record.data.command;
      return;
    case 'feedback.given':
      accepted.push(record.data.command);
      return;
    case 'budget.added':
      accepted.push(record.data.command);
      followPast(state, record, state.step);
      return;
    case 'tier.changed':
      state.tier = record.data.tier;
      return;
    case 'level.set':
      accepted.push(record.data.command);
      followThoughts(state, record);
      return;
    case 'level.chosen':
      followThoughts(state, record);
      return;
    case 'approval.given':
      if (record.data.command !== undefined) accepted.push(record.data.command);
      followPast(state, record, state.step);
      return;
    default:
      followPast(state, record, state.step);
  }
}

/** Reads what an earlier owner left up to `seq`; of a long run the snapshot, and what came after it and after what the owner saved. */
export async function replayRun(store: Store, key: RunKey, seq: number): Promise<Replay> {
  let fold = emptyFold();
  let state = beginReplay();
  const start = (snapshot: Snapshot | undefined): void => {
    if (!snapshot || snapshot.seq > seq) return;
    fold = JSON.parse(snapshot.fold) as RunFold;
    const saved = snapshot.replay === undefined ? undefined : (JSON.parse(snapshot.replay) as ReplayState);
    if (saved && saved.seq <= seq) state = saved;
  };
  if (seq > LONG_RECORDS) start(await store.runs.snapshot(key));

  for (let after = Math.min(fold.seq, state.seq); after < seq; ) {
    const { chunk, snapshot } = await store.runs.read(key, after, PAGE_BYTES);
    if (snapshot) {
      start(snapshot);
      const next = Math.min(fold.seq, state.seq);
      if (next <= after)
        throw new OpenClawError('DATA_DAMAGED', `The records of ${key} after ${after} are gone, and so is what its owner saved.`);
      after = next;
      continue;
    }
    if (!chunk) break;
    for (const record of decodeRecords(chunk.body, chunk.first)) {
      if (record.seq > state.seq) applyReplay(state, record);
      if (record.seq > fold.seq) applyRecord(fold, record);
    }
    after = chunk.first + chunk.count - 1;
  }
  const { accepted, cancelled, given, course } = state;
  return { fold, state, accepted: new Set(accepted), cancelled, given, course };
}
