import { applyRecord, CHAIN_START, chain, emptyFold, foldText, type RunFold, type RunRecord } from '@openclaw-runtime/protocol';
import type { Command } from '@openclaw-runtime/store';
import { ASKING_ROUND, type Effect, ROUNDS } from './hands.ts';
import type { Plan, PlannedCommand } from './plan.ts';
import type { LedgerEntry } from './provider.ts';
import type { Book, Line } from './user.ts';

export interface Evidence {
  readonly plan: Plan;
  /** How the course came to its end. */
  readonly end: 'done' | 'late' | 'quiet' | 'endless';
  readonly books: ReadonlyMap<string, Book>;
  /** By run: what a new process found on the disk. */
  readonly logs: ReadonlyMap<string, Log>;
  readonly ledger: readonly LedgerEntry[];
  /** What tools did outside. */
  readonly effects: readonly Effect[];
  /** After these, text that was not synced may be gone, and the epoch is new. */
  readonly powerLosses: number;
  /** When an older copy was last put in place of the data: what came after it may be gone, but not in silence. */
  readonly restoredAt: number | undefined;
  commandsOf(key: string): readonly Command[];
  readonly defects: readonly unknown[];
  /** Bytes that the server held for one slow connection, at most, and what it may. */
  readonly peakUnsent: number;
  readonly mayHold: number;
}

export interface Log {
  readonly epoch: number;
  readonly records: readonly RunRecord[];
  /** What the store gives of it to readers. */
  readonly served: RunFold | undefined;
}

export interface Violation {
  /**
   * `order`: records are not dense, or the past changed in silence. `log`: what was heard is not in the log. `told`: events are not what the log says. `splice`: a
   * text that nobody said. `end`: something did not come to its end. `lost`: something acknowledged is gone. `twice`: something was done again. `bound`: too much was held. `defect`: an error that should not exist.
   */
  readonly rule: 'order' | 'log' | 'told' | 'splice' | 'end' | 'lost' | 'twice' | 'bound' | 'defect';
  readonly says: string;
}

type Blame = (rule: Violation['rule'], says: string) => void;

/** Holds what every user saw against the logs, and the logs against what the provider said. Pure. */
export function judge(evidence: Evidence): readonly Violation[] {
  const { plan, end, books, defects, logs } = evidence;
  const found: Violation[] = [];
  for (const defect of defects) found.push({ rule: 'defect', says: textOf(defect) });
  if (end !== 'done') found.push({ rule: 'end', says: `the course was ${end}` });
  if (evidence.peakUnsent > evidence.mayHold)
    found.push({ rule: 'bound', says: `${evidence.peakUnsent} bytes were held for one connection, ${evidence.mayHold} are allowed` });
  judgeLedger(evidence, found);
  const runs = new Map<string, string>();
  for (const user of plan.users) {
    const { lines } = books.get(user.name) as Book;
    user.asks.forEach((ask, i) => {
      const own = lines.filter((line) => line.i === i);
      const blame: Blame = (rule, says) => void found.push({ rule, says: `${user.name} ${i} (${ask.idem}): ${says}` });
      judgeAsk(evidence, user.hold, own, blame);
      for (const line of own) {
        if (line.t !== 'started') continue;
        const other = runs.get(ask.idem);
        if (other !== undefined && other !== line.run) blame('twice', `the key stands for the runs ${other} and ${line.run}`);
        runs.set(ask.idem, line.run);
      }
    });
  }
  for (const [run, log] of logs) judgeLog(evidence, run, log, (rule, says) => void found.push({ rule, says: `run ${run}: ${says}` }));
  return found;
}

/** No conversation has the same words of a user twice: each run enters its session once. */
function judgeLedger({ ledger }: Evidence, found: Violation[]): void {
  for (const { conversation } of ledger) {
    const words = conversation.split('\n').filter((line) => line.startsWith('user: '));
    if (new Set(words).size !== words.length) found.push({ rule: 'twice', says: `the provider was told twice: ${quote(conversation)}` });
  }
}

/** One user's view of one run. */
function judgeAsk(evidence: Evidence, hold: boolean, lines: readonly Line[], blame: Blame): void {
  const { logs, restoredAt } = evidence;
  const run = lines.find((line) => line.t === 'started')?.run;
  for (const line of lines) {
    if (line.t === 'failed' && !(restoredAt !== undefined && line.code === 'NOT_FOUND'))
      blame('end', `the client gave up: ${line.code}: ${line.message}`);
  }
  if (run === undefined) return;
  const log = logs.get(run);
  if (!log) {
    if (restoredAt === undefined) blame('lost', `run ${run} was acknowledged and is not there`);
    return;
  }
  judgeCommands(lines, blame);
  // The restored copy was from before the run, and whoever asks is told so.
  if (restoredAt !== undefined && lines.some((line) => line.t === 'failed')) return;
  const ended = lines.findLast((line) => line.t === 'ended');
  // Whoever had heard the end by then does not come back to hear of another.
  if (ended && restoredAt !== undefined && ended.at <= restoredAt) return;
  const view = judgeOrder(evidence, lines, log, blame);
  if (!ended) return;
  const fold = foldOf(log.records);
  const outcome = fold.outcome?.status;
  if (!log.records.some(({ kind }) => kind === 'run.finished')) return blame('lost', 'its end was heard and is not in the log');
  if (ended.status !== outcome) blame('log', `its end was heard as ${ended.status}, the log has ${outcome}`);
  if (ended.text !== foldText(fold)) blame('told', `the result reads ${quote(ended.text)}, the log ${quote(foldText(fold))}`);
  if (foldText(view) !== foldText(fold)) blame('log', `the records heard read ${quote(foldText(view))}, the log ${quote(foldText(fold))}`);
  // Who takes answers in one piece is told all of it by the process that hears the end.
  const life = lines.slice(0, lines.indexOf(ended)).findLastIndex(({ t }) => t === 'opened');
  judgeTold(hold ? lines.slice(life + 1, lines.indexOf(ended)).filter(({ t }) => t === 'token' || t === 'rewind') : lines, fold, blame);
}

/** Whoever lives gets an answer to each command. */
function judgeCommands(lines: readonly Line[], blame: Blame): void {
  for (const { kind, text } of pendingCommands(lines)) blame('end', `the command ${kind} (${text}) was never answered`);
}

/** Commands of the last life of the user's process that were neither taken nor refused. */
export function pendingCommands(lines: readonly Line[]): readonly PlannedCommand[] {
  let pending: readonly PlannedCommand[] = [];
  for (const line of lines) {
    if (line.t === 'opened') pending = [];
    if (line.t === 'commanded') pending = [...pending, line.command];
    if (line.t === 'acknowledged' || line.t === 'refused') pending = pending.filter((command) => command !== line.command);
  }
  return pending;
}

/** Each record follows the one before, in one epoch, or after a snapshot that says so; those of the log's epoch are the log's. */
function judgeOrder({ plan, powerLosses, restoredAt }: Evidence, lines: readonly Line[], log: Log, blame: Blame): RunFold {
  const mayRegress = powerLosses > 0 || restoredAt !== undefined;
  const mayCompact = plan.faults.some(({ t }) => t === 'compaction');
  let place = { epoch: 0, seq: 0 };
  let fold = emptyFold();
  const chains = chainsOf(log);
  const replacedAt = lines.findLastIndex(({ t }) => t === 'snapshot');
  for (const [at, line] of lines.entries()) {
    if (line.t === 'snapshot') {
      const isForward = mayCompact && line.epoch === (place.seq === 0 ? line.epoch : place.epoch) && line.seq >= place.seq;
      if (!mayRegress && !isForward) blame('order', `a snapshot at ${line.epoch}/${line.seq} came after ${place.epoch}/${place.seq}`);
      place = line;
      fold = structuredClone(line.fold);
    }
    if (line.t !== 'record') continue;
    const isNext = line.seq === place.seq + 1 && (place.epoch === line.epoch || place.seq === 0);
    if (!isNext) blame('order', `record ${line.epoch}/${line.seq} came after ${place.epoch}/${place.seq}`);
    if (!mayRegress && line.epoch !== 1) blame('order', `record ${line.seq} is of epoch ${line.epoch}, and nothing was lost`);
    place = line;
    try {
      applyRecord(fold, recordOf(line));
    } catch (error) {
      blame('log', `record ${line.seq} contradicts the ones before: ${(error as Error).message}`);
    }
    // What was taken back aloud need not be there.
    if (line.epoch !== log.epoch || (mayRegress && at < replacedAt)) continue;
    if (chains[line.seq] !== line.h) {
      // Two epochs may share a prefix; what differs within the last one is a lie.
      const own = log.records[line.seq - 1];
      if (own === undefined || !mayRegress || line.epoch > 1)
        blame(
          'log',
          `record ${line.epoch}/${line.seq} was heard as ${quote(JSON.stringify(line.wire))}, the log has ${quote(JSON.stringify(own) ?? 'nothing')}`,
        );
    }
  }
  return fold;
}

/** The events, put together as an application would, give the text of the log. */
function judgeTold(lines: readonly Line[], fold: RunFold, blame: Blame): void {
  let texts = new Map<number, string>();
  let seen = emptyFold();
  for (const line of lines) {
    if (line.t === 'record') applyRecord(seen, recordOf(line));
    if (line.t === 'snapshot') seen = structuredClone(line.fold);
    // A new process shows what the old one had kept.
    if (line.t === 'opened') texts = new Map(seen.steps.map(({ step, text }) => [step, text]));
    if (line.t === 'token') texts.set(line.step, (texts.get(line.step) ?? '') + line.text);
    if (line.t === 'rewind' && line.step === 0) texts.clear();
    else if (line.t === 'rewind') texts.set(line.step, (texts.get(line.step) ?? '').slice(0, line.keep));
  }
  const told = [...texts].sort(([a], [b]) => a - b).map(([, text]) => text);
  const whole = foldText(fold);
  if (told.join('') !== whole) blame('told', `the events amount to ${quote(told.join(''))}, the log to ${quote(whole)}`);
}

/** A log by itself: its end, its steps, its commands. */
function judgeLog(
  { plan, ledger, effects, restoredAt, commandsOf, books }: Evidence,
  run: string,
  { records, served }: Log,
  blame: Blame,
): void {
  const fold = foldOf(records);
  const ask = plan.users
    .flatMap((user) => user.asks.map((each, i) => ({ each, lines: (books.get(user.name) as Book).lines.filter((line) => line.i === i) })))
    .find(({ lines }) => lines.some((line) => line.t === 'started' && line.run === run))?.each;
  if (!ask) return;
  if (!fold.outcome) {
    if (restoredAt === undefined) blame('end', `the log has no end: ${records.map(({ kind }) => kind).join(' ')}`);
    return;
  }
  if (records.findIndex(({ kind }) => kind === 'run.finished') !== records.length - 1) blame('order', 'something follows the end');
  if (!served || served.seq !== fold.seq || JSON.stringify(served.steps) !== JSON.stringify(fold.steps))
    blame(
      'log',
      `readers are given ${quote(JSON.stringify(served?.steps) ?? 'nothing')}, the log comes to ${quote(JSON.stringify(fold.steps))}`,
    );
  const { status } = fold.outcome;
  const isCancelled = commandsOf(`default/${run}`).some(({ kind }) => kind === 'cancel');
  const mayFail = plan.faults.some(({ t }) => t === 'provider-faulty') && 'error' in fold.outcome && isOutage(fold.outcome.error.code);
  judgeCancel(records, isCancelled, status, blame);
  if (status !== 'completed' && !(isCancelled && status === 'cancelled') && !mayFail)
    blame('end', `it ended as ${JSON.stringify(fold.outcome)}`);
  for (const step of fold.steps) {
    const answers = ledger.filter(({ conversation }) => conversation.includes(ask.prompt));
    const isWhole = step.ended && step.finish !== 'interrupted';
    const isSaid = answers.some(({ text }) => (isWhole ? text === step.text : text.startsWith(step.text)));
    if (!isSaid && step.text !== '')
      blame('splice', `nobody said ${quote(step.text)}; said was ${answers.map(({ text }) => quote(text)).join(', ')}`);
    const isThought = answers.some(({ thinking }) => (isWhole ? thinking === step.thinking : thinking.startsWith(step.thinking)));
    if (!isThought && step.thinking !== '') blame('splice', `nobody thought ${quote(step.thinking)}`);
  }
  judgeKeeps(records, blame);
  const heardAt = heardEnd(books, run);
  const late = ledger.filter(({ conversation, askedAt }) => askedAt > heardAt && conversation.endsWith(`user: ${ask.prompt}`));
  if (restoredAt !== undefined) return;
  for (const { askedAt } of late) blame('twice', `the provider was asked at ${askedAt}, after the end was heard at ${heardAt}`);
  const isComplete = status === 'completed';
  judgeMessages(records, acknowledged(books, run), isComplete && ask.operation === undefined, blame);
  judgeTools(records, effects, isComplete && ask.agent !== undefined, blame);
  if (ask.operation !== undefined) judgeOperation(records, isComplete, blame);
}

/** A cancel is in the log of every run that took it before its last step ended, and that run ends by it. */
function judgeCancel(records: readonly RunRecord[], isCancelled: boolean, status: string, blame: Blame): void {
  const asked = records.findIndex(({ kind }) => kind === 'cancel.requested');
  if (isCancelled && asked < 0) blame('lost', 'a cancel was taken and is not in the log');
  const lastStep = records.findLastIndex(({ kind }) => kind === 'step.ended');
  if (asked >= 0 && lastStep > asked && status === 'completed') blame('end', 'it was cancelled and went on to its end');
}

/** What was acknowledged is in the log once, and answered by one step; nothing is carried out twice. */
function judgeMessages(records: readonly RunRecord[], acknowledged: readonly PlannedCommand[], isComplete: boolean, blame: Blame): void {
  const commands = records.flatMap((record) =>
    record.kind === 'cancel.requested' || record.kind === 'feedback.given' || record.kind === 'message.given' ? [record.data.command] : [],
  );
  if (new Set(commands).size !== commands.length) blame('twice', 'a command was carried out twice');
  const messages = records.filter((record) => record.kind === 'message.given');
  const answers = records.flatMap((record) => (record.kind === 'step.started' && record.attempt === 1 ? (record.data.answers ?? []) : []));
  for (const { kind, text } of acknowledged) {
    const own = messages.filter(({ data }) => data.text === text);
    if (own.length === 0) blame('lost', `the message ${text} (${kind}) was acknowledged and is not in the log`);
    if (own.length > 1) blame('twice', `the message ${text} (${kind}) was given ${own.length} times`);
  }
  for (const { data } of messages) {
    const count = answers.filter((id) => id === data.command).length;
    if (count > 1) blame('twice', `the message ${data.text} was answered ${count} times`);
    if (count === 0 && isComplete) blame('lost', `the message ${data.text} (${data.mode}) was never answered`);
  }
}

/** A call has its effect at most once where its tool says so, exactly once where its result says so; none is left without a result. */
function judgeTools(records: readonly RunRecord[], effects: readonly Effect[], isComplete: boolean, blame: Blame): void {
  const keys = new Map<string, string>();
  for (const record of records) {
    if (record.kind === 'tool.started') {
      const { id, key } = record.data;
      const place = `${record.step} ${id}`;
      if (keys.has(place) && keys.get(place) !== key) blame('twice', `call ${place} has another key when it is made again`);
      keys.set(place, key);
    }
    if (record.kind !== 'tool.result') continue;
    const own = effects.filter(({ key }) => key === keys.get(`${record.step} ${record.data.id}`));
    if (own.length > 1 && record.data.name === 'once') blame('twice', `call ${record.data.id} was made ${own.length} times`);
    if (own.length === 0 && !record.data.error) blame('lost', `call ${record.data.id} has a result, and nobody made it`);
  }
  const called = records.filter(({ kind }) => kind === 'tool.called').length;
  const results = records.filter(({ kind }) => kind === 'tool.result').length;
  if (results > called || (isComplete && results < called)) blame('lost', `${called} calls have ${results} results`);
}

/** Between two states each piece is done once, and none is missing where the operation came to its end. */
function judgeOperation(records: readonly RunRecord[], isComplete: boolean, blame: Blame): void {
  let rounds = 0;
  let pieces: string[] = [];
  for (const { kind, data, step } of records) {
    if (kind === 'piece.done') pieces.push(data.what);
    if (kind === 'step.ended' && data.finish !== 'interrupted') pieces.push('stream');
    if (kind === 'step.ended' && step !== rounds + 1) blame('splice', `step ${step} is of round ${rounds + 1}`);
    if (kind !== 'state.saved') continue;
    const due = rounds === ASKING_ROUND ? 'ask generate step stream' : 'generate step stream';
    if (pieces.sort().join(' ') !== due) blame('twice', `a round has the pieces ${pieces.join(', ')}`);
    rounds++;
    pieces = [];
  }
  if (pieces.length > new Set(pieces).size) blame('twice', `the last round has the pieces ${pieces.join(', ')}`);
  const end = records.at(-1);
  const value = end?.kind === 'run.finished' && end.data.status === 'completed' ? end.data.value : undefined;
  if (isComplete && (rounds !== ROUNDS || value !== String(ROUNDS))) blame('lost', `${rounds} rounds came to ${value}`);
}

/** Messages to this run that the server said it had. */
function acknowledged(books: Evidence['books'], run: string): readonly PlannedCommand[] {
  return [...books.values()].flatMap(({ lines }) => {
    const own = lines.filter((line) => line.t === 'started' && line.run === run).map(({ i }) => i);
    return lines.flatMap((line) => (line.t === 'acknowledged' && own.includes(line.i) && isMessage(line.command) ? [line.command] : []));
  });
}

function isMessage({ kind }: PlannedCommand): boolean {
  return kind === 'queue' || kind === 'steer' || kind === 'interrupt';
}

/** A new attempt keeps whole characters; and what has ended is not done again. */
function judgeKeeps(records: readonly RunRecord[], blame: Blame): void {
  const fold = emptyFold();
  for (const record of records) {
    const text = fold.steps.at(-1)?.text ?? '';
    const keep = record.kind === 'step.started' ? (record.data.keep ?? 0) : 0;
    if (keep > 0 && !text.slice(0, keep).isWellFormed()) blame('splice', `record ${record.seq} keeps half of a character`);
    if ((record.kind === 'step.resumed' || record.kind === 'step.retried') && fold.steps.at(-1)?.ended)
      blame('twice', `record ${record.seq} goes on with step ${record.step}, which had ended`);
    applyRecord(fold, record);
  }
}

function heardEnd(books: Evidence['books'], run: string): number {
  const times = [...books.values()].flatMap(({ lines }) => {
    const own = lines.filter((line) => line.t === 'started' && line.run === run).map(({ i }) => i);
    return lines.flatMap((line) => (line.t === 'ended' && own.includes(line.i) ? [line.at] : []));
  });
  return Math.min(Number.POSITIVE_INFINITY, ...times);
}

function isOutage(code: string): boolean {
  return code.startsWith('PROVIDER_') || code === 'CIRCUIT_OPEN';
}

function foldOf(records: readonly RunRecord[]): RunFold {
  const fold = emptyFold();
  for (const record of records) applyRecord(fold, record);
  return fold;
}

/** By seq: the chain after that record. */
function chainsOf({ records }: Log): number[] {
  const chains = [CHAIN_START];
  for (const { kind, step, attempt, data, deltas } of records) {
    const wire = deltas === undefined ? [kind, step, attempt, data] : [kind, step, attempt, data, deltas];
    chains.push(chain(chains.at(-1) as number, JSON.stringify(wire)));
  }
  return chains;
}

function recordOf({ wire: [kind, step, attempt, data], seq }: Extract<Line, { readonly t: 'record' }>): RunRecord {
  return { kind, seq, step, attempt, data } as RunRecord;
}

function textOf(defect: unknown): string {
  return defect instanceof Error ? (defect.stack ?? defect.message) : String(defect);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 60)} … ${text.slice(-60)}` : text);
}
