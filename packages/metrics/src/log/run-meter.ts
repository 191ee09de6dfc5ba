import type { LeaseMeter, MeteredRun } from '@openclaw-runtime/store';
import { deltasOf, kindOf, lastNumberField, numberField, textField } from './fields.ts';
import type { Committed, LogMeter, ModelPlaces } from './log-meter.ts';

/** Beside text, the first of these is what a client waits for. */
const ANSWERS: ReadonlySet<string> = new Set(['tool.called', 'piece.done', 'event', 'approval.asked']);
const MILLION = 1_000_000;

/** Counts what the owner of one run appends: a class, since there is one per run. */
export class RunMeter implements LeaseMeter, Committed {
  readonly #meter: LogMeter;
  /** Of its agent, in series whose first label that is. */
  readonly #agentAt: number;
  /** On the clock's `now`. */
  readonly #createdMs: number;
  /** Records of another run's that a fork begins with, as far as they are still to come. */
  #copied: number;
  #isAnswered: boolean;
  #model: ModelPlaces;
  /** Of the step; -1 where it began before this lease. */
  #stepMs = -1;
  /** When text of the step was durable last; -1 before its first. */
  #textMs = -1;
  /** What becomes durable with the group that is being gathered: anything, text of a step, the first of the answer, the end. */
  #isAwaited = false;
  #hasText = false;
  #isFirst = false;
  #status = '';

  constructor({ creation, head }: MeteredRun, meter: LogMeter) {
    this.#meter = meter;
    const wallMs = lastNumberField(creation, '"at":');
    this.#createdMs = meter.nowOf(wallMs);
    this.#copied = copiedOf(creation, head.seq);
    this.#isAnswered = head.seq > 1 || isOperation(creation);
    const { series } = meter;
    this.#model = meter.noModel;
    this.#agentAt = meter.agentAt(agentOf(creation));
    if (head.seq > 1) series.runsTakenUp.add();
    else {
      series.runsStarted.add(this.#agentAt);
      series.queueWait.observe(Math.max(meter.clock.wall() - wallMs, 0) / 1000);
    }
  }

  appended(records: readonly string[]): void {
    for (const record of records) {
      if (this.#copied > 0) this.#copied--;
      else if (record.startsWith('text"', 2)) this.#text(record, 0);
      else if (record.startsWith('thinking"', 2)) this.#text(record, 1);
      else if (record.startsWith('step.started"', 2)) this.#stepStarted(record);
      else if (record.startsWith('step.ended"', 2)) this.#stepEnded(record);
      else if (record.startsWith('run.finished"', 2)) this.#finished(record);
      else this.#other(record);
    }
  }

  durable(nowMs: number): void {
    const { series } = this.#meter;
    this.#isAwaited = false;
    if (this.#isFirst) {
      this.#isFirst = false;
      series.latency.observe(Math.max(nowMs - this.#createdMs, 0) / 1000, this.#agentAt);
    }
    if (this.#hasText) {
      this.#hasText = false;
      if (this.#textMs >= 0) series.tokenGap.observe((nowMs - this.#textMs) / 1000, this.#model.at);
      else if (this.#stepMs >= 0) series.firstToken.observe((nowMs - this.#stepMs) / 1000, this.#model.at);
      this.#textMs = nowMs;
    }
    if (this.#status !== '') {
      series.runSeconds.observe(Math.max(nowMs - this.#createdMs, 0) / 1000, this.#meter.statusAt(this.#status));
      this.#status = '';
    }
  }

  #text(record: string, flow: 0 | 1): void {
    this.#meter.series.streamed.add(this.#model.text + flow, deltasOf(record));
    this.#hasText = true;
    if (!this.#isAnswered) this.#answered();
    this.#await();
  }

  #answered(): void {
    this.#isAnswered = true;
    this.#isFirst = true;
  }

  #await(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.#meter.await(this);
  }

  #other(record: string): void {
    const kind = kindOf(record);
    if (!this.#isAnswered && ANSWERS.has(kind)) {
      this.#answered();
      this.#await();
    }
    const { series } = this.#meter;
    switch (kind) {
      case 'level.chosen':
        return series.reasoningLevel.observe(numberField(record, '"level":'), this.#agentAt);
      case 'step.retried':
        series.retries.add(this.#model.at);
        return this.#asks(record);
      case 'step.resumed':
        return series.resumes.add(series.resumes.at(textField(record, '"by":"') ?? ''));
      case 'step.queued':
        return series.modelWaits.add(this.#model.at);
      case 'tool.result':
        return this.#toolResult(record);
      case 'approval.given':
        return series.approvals.add(series.approvals.at(textField(record, '"answer":"') ?? ''));
      case 'budget.paused':
        // From here on it waits for money, and that is no latency.
        this.#isAnswered = true;
        return series.budgetRefusals.add(series.budgetRefusals.at(textField(record, '"scope":"') ?? ''));
      case 'tier.changed':
        return series.tierChanges.add(series.tierChanges.at(String(numberField(record, '"tier":'))));
      case 'state.saved':
        return series.snapshotBytes.observe(record.length, 0);
      default:
    }
  }

  #stepStarted(record: string): void {
    const { series, clock } = this.#meter;
    this.#asks(record);
    if (record.includes('"supersedes":')) return series.supersedes.add();
    this.#stepMs = clock.now();
    this.#textMs = -1;
  }

  /** Who is asked from here on. */
  #asks(record: string): void {
    const named = textField(record, '"model":"');
    if (named === undefined) return;
    const query = named.indexOf('?');
    this.#model = this.#meter.model(query < 0 ? named : named.slice(0, query));
  }

  #stepEnded(record: string): void {
    const { series, priceOf } = this.#meter;
    const { at, tokens: first } = this.#model;
    const input = numberField(record, '"inputTokens":');
    const output = numberField(record, '"outputTokens":');
    const cached = numberField(record, '"cachedTokens":');
    const thought = numberField(record, '"reasoningTokens":');
    series.steps.add(series.steps.under(at, textField(record, '"finish":"') ?? ''));
    series.tokens.add(first, input);
    series.tokens.add(first + 1, output);
    series.tokens.add(first + 2, thought);
    series.tokens.add(first + 3, cached);
    const price = priceOf(this.#model.name);
    if (!price) return;
    series.cost.add(first, (Math.max(input - cached, 0) * price.input) / MILLION);
    series.cost.add(first + 1, (Math.max(output - thought, 0) * price.output) / MILLION);
    series.cost.add(first + 2, (thought * (price.thinking ?? price.output)) / MILLION);
    series.cost.add(first + 3, (cached * (price.cachedInput ?? price.input)) / MILLION);
  }

  #finished(record: string): void {
    const { series } = this.#meter;
    if (!this.#isAnswered) this.#answered();
    const status = textField(record, '"status":"') ?? '';
    series.runs.add(series.runs.under(this.#agentAt, status));
    if (record.includes('"error":{')) series.runErrors.add(series.runErrors.at(textField(record, '"code":"') ?? ''));
    this.#status = status;
    this.#await();
  }

  /** Its error, where there is one, stands last. */
  #toolResult(record: string): void {
    const { series } = this.#meter;
    const place = record.endsWith('}}]') ? 1 : 0;
    series.toolCalls.add(place);
    series.toolSeconds.observe(numberField(record, '"ms":') / 1000, place);
  }

  replaySaved(chars: number): void {
    this.#meter.series.snapshotBytes.observe(chars, 1);
  }
}

const FIRST_KEY = '["run.created",0,0,{"agent":"';

/** Of a run whose creation is lost: none. */
function agentOf(creation: string): string {
  if (!creation.startsWith(FIRST_KEY)) return textField(creation, '"agent":"') ?? '';
  return creation.slice(FIRST_KEY.length, creation.indexOf('"', FIRST_KEY.length));
}

/** Nobody waits for the first of its answer: it carries out something, which takes as long as it takes. */
function isOperation(creation: string): boolean {
  return creation.includes('"operation":"');
}

/** A fork's log begins with records of another run: they were counted there. */
function copiedOf(creation: string, seq: number): number {
  const at = creation.lastIndexOf('"fork":{"run":"');
  return at < 0 ? 0 : Math.max(numberField(creation.slice(at), '"seq":') - seq, 0);
}
