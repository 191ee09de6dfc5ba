import { applyRecord, emptyFold, type RunRecord, type SendMode } from '@openclaw-runtime/protocol';

/** A message as its sender knows it. Times are places in the order of all that the senders saw. */
export interface Sent {
  readonly id: string;
  readonly mode: SendMode;
  readonly text: string;
  readonly sentAt: number;
  /** When its answer came. */
  readonly answeredAt: number;
  /** `ok`, or the code that refused it. */
  readonly answer: string;
}

/**
 * What is wrong with a run's log, given what was sent to it: each acknowledged message is given exactly once and answered by exactly one step, in order, and the
 * run ends when nothing waits; a refused one is nowhere.
 */
export function judgeMessages(records: readonly RunRecord[], sent: readonly Sent[]): string[] {
  const wrong: string[] = [];
  const given = records.flatMap((record) => (record.kind === 'message.given' ? [record] : []));
  const steps = records.flatMap((record) => (record.kind === 'step.started' ? [record] : []));
  const accepted = sent.filter(({ answer }) => answer === 'ok');

  for (const { id, mode, text } of accepted) {
    const mine = given.filter(({ data }) => data.command === id);
    if (mine.length !== 1) wrong.push(`${id} was acknowledged and is given ${mine.length} times`);
    if (mine.some(({ data }) => data.mode !== mode || data.text !== text)) wrong.push(`${id} is given as something else`);
    const answering = steps.filter(({ data }) => data.answers?.includes(id));
    if (answering.length !== 1) wrong.push(`${id} is answered by ${answering.length} steps`);
    if (answering.some(({ seq }) => seq < (mine[0]?.seq ?? 0))) wrong.push(`${id} is answered before it is given`);
  }
  for (const { id, answer } of sent) {
    if (answer === 'ok') continue;
    if (answer !== 'RUN_FINISHED') wrong.push(`${id} was refused with ${answer}`);
    if (given.some(({ data }) => data.command === id)) wrong.push(`${id} was refused and is given`);
  }
  const known = new Set(accepted.map(({ id }) => id));
  for (const { data } of given) if (!known.has(data.command)) wrong.push(`${data.command} is given and nobody sent it`);
  for (const before of accepted) {
    const overtaken = accepted.find((after) => after.sentAt > before.answeredAt && seqOf(given, after.id) < seqOf(given, before.id));
    if (overtaken) wrong.push(`${overtaken.id} was sent when ${before.id} was acknowledged, and is given before it`);
  }
  return [...wrong, ...judgeSteps(records)];
}

/** The steps by the rule of the modes, as the log tells it. */
function judgeSteps(records: readonly RunRecord[]): string[] {
  const wrong: string[] = [];
  const fold = emptyFold();
  let waiting: { readonly id: string; readonly isUrgent: boolean }[] = [];
  let open = 0;
  let last = 0;
  for (const record of records) {
    const { seq, step } = record;
    if (fold.outcome) wrong.push(`record ${seq} follows the end`);
    if (record.kind === 'message.given') waiting.push({ id: record.data.command, isUrgent: record.data.mode !== 'queue' });
    if (record.kind === 'step.started' && record.data.supersedes === undefined) {
      const { answers = [] } = record.data;
      if (open !== 0) wrong.push(`step ${step} starts while step ${open} goes on`);
      if (step !== last + 1 || record.attempt !== 1) wrong.push(`step ${step}, attempt ${record.attempt}, starts after step ${last}`);
      const urgent = waiting.filter(({ isUrgent }) => isUrgent);
      const due = urgent.length > 0 || step === 1 ? urgent : waiting.slice(0, 1);
      if (answers.join() !== due.map(({ id }) => id).join())
        wrong.push(`step ${step} answers ${answers.join()}, due was ${due.map(({ id }) => id).join()}`);
      if (step > 1 && answers.length === 0) wrong.push(`step ${step} answers nothing`);
      waiting = waiting.filter(({ id }) => !answers.includes(id));
      open = step;
      last = step;
    } else if (record.kind === 'step.started') {
      if (record.data.answers) wrong.push(`attempt ${record.attempt} of step ${step} names what it answers`);
      if (open !== step) wrong.push(`step ${step} is superseded and was not open`);
    } else if (record.kind === 'step.ended') {
      if (open !== step) wrong.push(`step ${step} ends and was not open`);
      if (record.data.finish === 'interrupted' && !waiting.some(({ isUrgent }) => isUrgent))
        wrong.push(`step ${step} was interrupted by nobody`);
      open = 0;
    } else if (step !== 0 && step !== open) wrong.push(`record ${seq}, ${record.kind}, is of step ${step}, open is ${open}`);
    try {
      applyRecord(fold, record);
    } catch (error) {
      wrong.push(`record ${seq} contradicts those before it: ${(error as Error).message}`);
    }
  }
  if (fold.outcome?.status !== 'completed') wrong.push(`the run ended as ${JSON.stringify(fold.outcome)}`);
  if (waiting.length > 0) wrong.push(`the run ended while ${waiting.map(({ id }) => id).join()} waited`);
  return wrong;
}

function seqOf(given: readonly { readonly seq: number; readonly data: { readonly command: string } }[], id: string): number {
  return given.find(({ data }) => data.command === id)?.seq ?? 0;
}
