import {
  applyRecord,
  CHAIN_START,
  chain,
  decodeRecord,
  emptyFold,
  foldText,
  type RunFold,
  type RunRecord,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { HeardRecord, Line, Told } from './transcript.ts';

/** A run's log as the server gave it afresh, after everything. */
export interface Log {
  readonly run: string;
  readonly epoch: number;
  /** Each record as JSON text. */
  readonly records: readonly string[];
}

/** All that is known of one run of a campaign. */
export interface Evidence {
  readonly i: number;
  /** What client processes wrote down of it, with the `process` lines between them. */
  readonly lines: readonly Line[];
  /** Absent when the server did not find it. */
  readonly log: Log | undefined;
  /** Every whole answer that the run's step may have: the text has to equal one of them. */
  answers(text: string): readonly string[];
}

export interface Violation {
  readonly i: number;
  /**
   * `order`: seqs are not dense, or the epoch changed. `log`: the transcript is not the log. `told`: events are not what the log says. `splice`: the text is no
   * answer that was given. `end`: the run did not end as it should. `lost`: an acknowledged run is gone, or is another.
   */
  readonly rule: 'order' | 'log' | 'told' | 'splice' | 'end' | 'lost';
  readonly says: string;
}

/** Holds what a client saw of a run against the log, and the log against what the provider said. Pure. */
export function judgeRun(evidence: Evidence): readonly Violation[] {
  const { i, lines, log } = evidence;
  const found: Violation[] = [];
  const blame = (rule: Violation['rule'], says: string): void => void found.push({ i, rule, says });
  const heard = lines.filter((line) => line.t === 'record');
  judgeOrder(lines, blame);
  const runs = new Set(lines.flatMap((line) => (line.t === 'started' ? [line.run] : [])));
  if (log && (runs.size > 1 || !runs.has(log.run))) blame('lost', `acknowledged as ${[...runs].join(' and ')}, found as ${log.run}`);
  for (const line of lines) if (line.t === 'failed') blame('end', `the client gave up: ${line.code}: ${line.message}`);
  if (!log) {
    blame('lost', runs.size > 0 ? `acknowledged as ${[...runs].join(' and ')}, and not found` : 'asked for, and not found');
    return found;
  }

  judgeLog(heard, log, blame);
  const records = log.records.map((text, at) => decodeRecord(JSON.parse(text) as WireRecord, at + 1));
  const fold = foldOf(records, records.length);
  const text = foldText(fold);
  judgeEnd(lines, fold, text, blame);
  judgeTold(lines, records, blame);
  if (fold.outcome && !evidence.answers(text).includes(text)) blame('splice', `no answer reads ${quote(text)}`);
  return found;
}

/** Whether a record came out of order, or of another epoch: what can be said of a run that goes on. */
export function isOutOfOrder(lines: readonly Line[]): boolean {
  let isFaulty = false;
  judgeOrder(lines, () => {
    isFaulty = true;
  });
  return isFaulty;
}

type Blame = (rule: Violation['rule'], says: string) => void;

/** A SIGKILL takes nothing from a log, so there is one epoch, and each record follows the one before, over all processes. */
function judgeOrder(lines: readonly Line[], blame: Blame): void {
  let seq = 0;
  for (const line of lines) {
    if (line.t === 'snapshot') blame('order', `a snapshot of epoch ${line.epoch} in place of records ${seq + 1}..${line.seq}`);
    if (line.t === 'resumed' && line.after !== seq) blame('order', `resumed after ${line.after}, the last record was ${seq}`);
    if (line.t !== 'record') continue;
    if (line.epoch !== 1) blame('order', `record ${line.seq} is of epoch ${line.epoch}`);
    if (line.seq !== seq + 1) blame('order', `record ${line.seq} came after ${seq}`);
    seq = line.seq;
  }
}

function judgeLog(heard: readonly HeardRecord[], log: Log, blame: Blame): void {
  if (log.epoch !== 1) blame('order', `the log is of epoch ${log.epoch}`);
  if (heard.length !== log.records.length) blame('log', `${heard.length} records were heard, the log has ${log.records.length}`);
  let h = CHAIN_START;
  for (const [at, text] of log.records.entries()) {
    h = chain(h, text);
    const line = heard[at];
    if (!line) return;
    const own = JSON.stringify(line.wire);
    if (own !== text) return blame('log', `record ${at + 1} was heard as ${quote(own)}, the log has ${quote(text)}`);
    if (line.h !== h) return blame('log', `record ${at + 1} was heard with the chain ${line.h}, the log has ${h}`);
  }
}

function judgeEnd(lines: readonly Line[], fold: RunFold, text: string, blame: Blame): void {
  if (fold.outcome?.status !== 'completed') blame('end', `the log ends with ${JSON.stringify(fold.outcome) ?? 'no end'}`);
  const wasHeard = lines.some((line) => line.t === 'record' && line.wire[0] === 'run.finished');
  if (!wasHeard) blame('end', 'its end was not heard');
  const ended = lines.filter((line) => line.t === 'ended');
  for (const line of ended) if (line.text !== text) blame('told', `the result is ${quote(line.text)}, the log has ${quote(text)}`);
}

/**
 * What each process was told: beginning where it resumed, exactly the events of the log, up to somewhere at or after its last record. Put together with what was known
 * there, they give the text of the log.
 */
function judgeTold(lines: readonly Line[], records: readonly RunRecord[], blame: Blame): void {
  const events = records.map((record) => ({ seq: record.seq, told: toldOf(record) }));
  for (const { from, lastSeq, told } of lifetimes(lines)) {
    const all = events.filter(({ seq }) => seq > from).flatMap(({ told: each }) => each);
    const least = events.filter(({ seq }) => seq > from && seq <= lastSeq).flatMap(({ told: each }) => each).length;
    const wrong = told.findIndex((event, at) => event !== all[at]);
    if (wrong >= 0)
      blame('told', `after ${from}, event ${wrong} was ${quote(told[wrong] ?? '')}, the log says ${quote(all[wrong] ?? 'nothing')}`);
    if (told.length < least) blame('told', `after ${from}, ${told.length} events up to record ${lastSeq}, the log says ${least}`);
    if (lastSeq < records.length || records.at(-1)?.kind !== 'run.finished') continue;
    const text = told.reduce(applyTold, foldText(foldOf(records, from)));
    const whole = foldText(foldOf(records, records.length));
    if (text !== whole) blame('told', `the events after ${from} amount to ${quote(text)}, the log to ${quote(whole)}`);
  }
}

interface Lifetime {
  /** The record after which it joined. */
  readonly from: number;
  lastSeq: number;
  readonly told: string[];
}

function lifetimes(lines: readonly Line[]): readonly Lifetime[] {
  const lives: Lifetime[] = [];
  for (const line of lines) {
    if (line.t === 'asked') lives.push({ from: 0, lastSeq: 0, told: [] });
    else if (line.t === 'resumed') lives.push({ from: line.after, lastSeq: line.after, told: [] });
    const life = lives.at(-1);
    if (!life) continue;
    if (line.t === 'record') life.lastSeq = line.seq;
    else if (line.t === 'token' || line.t === 'thinking' || line.t === 'rewind') life.told.push(eventText(line));
  }
  return lives;
}

/** The events that a record causes, as texts that can be compared. */
function toldOf(record: RunRecord): readonly string[] {
  if (record.kind === 'step.started' && record.data.supersedes !== undefined) {
    const { keep = 0, keepThinking = 0 } = record.data;
    return [eventText({ t: 'rewind', run: '', step: record.step, keep, keepThinking })];
  }
  if (record.kind !== 'text' && record.kind !== 'thinking') return [];
  const t = record.kind === 'text' ? 'token' : 'thinking';
  let at = 0;
  return (record.deltas ?? [record.data.length]).map((length) => {
    const text = record.data.slice(at, at + length);
    at += length;
    return eventText({ t, run: '', seq: record.seq, text });
  });
}

function eventText(told: Told): string {
  return told.t === 'rewind' ? `rewind ${told.keep} ${told.keepThinking}` : `${told.t} ${told.seq} ${told.text}`;
}

/** The text after one event, for a run of one step. */
function applyTold(text: string, event: string): string {
  const [, keep] = /^rewind (\d+)/.exec(event) ?? [];
  if (keep !== undefined) return text.slice(0, Number(keep));
  const [, token = ''] = /^token \d+ ([^]*)$/.exec(event) ?? [];
  return text + token;
}

function foldOf(records: readonly RunRecord[], count: number): RunFold {
  const fold = emptyFold();
  for (const record of records.slice(0, count)) applyRecord(fold, record);
  return fold;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 80)} … ${text.slice(-80)}` : text);
}
