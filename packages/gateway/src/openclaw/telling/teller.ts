import {
  applyRecord,
  type ErrorBody,
  emptyFold,
  foldText,
  foldThinking,
  type Outcome,
  type RunFold,
  type RunRecord,
} from '@openclaw-runtime/protocol';
import type { Created } from '../../openai/reading/follow.ts';
import { answer, stopReasonOf, usageOf } from '../words/message.ts';
import { OpenApprovals, type ShownApproval } from './approvals.ts';
import type { AboutRun, Shows, Told } from './told.ts';

/**
 * Tells a run's records in the words of this protocol: `chat` events with all that was said so far, `agent` events beside them. Pure. The `seq` of an event is that
 * of the last record it stands for, so it is the same for everybody and goes on after a restart.
 */
export class RunTeller {
  readonly #about: AboutRun;
  readonly #shows: Shows;
  readonly #approvals: OpenApprovals;
  #fold = emptyFold();
  #created: Created | undefined;
  #model: string | undefined;
  #told = '';
  #isBegun = false;
  #isStarting = false;
  #tools: object[] = [];

  /** `run`: our name of it. */
  constructor(run: string, about: AboutRun, shows: Shows) {
    this.#about = about;
    this.#shows = shows;
    this.#approvals = new OpenApprovals(run, about);
  }

  /** Up to which record it knows the run. */
  get seq(): number {
    return this.#fold.seq;
  }

  get outcome(): Outcome | undefined {
    return this.#fold.outcome;
  }

  get approvals(): readonly ShownApproval[] {
    return this.#approvals.list;
  }

  get saidChars(): number {
    return this.#told.length;
  }

  take(record: RunRecord): void {
    if (record.kind === 'run.created') this.#created = record.data;
    else if (record.kind === 'step.started') this.#model = record.data.model;
    if (this.#shows.tools) this.#noteTool(record);
    if (this.#shows.approvals) this.#approvals.take(record, this.#created?.at ?? 0);
    applyRecord(this.#fold, record);
  }

  takeFold(fold: RunFold, created: Created): void {
    this.#fold = fold;
    this.#created = created;
  }

  /** The log begins anew; what was told stays told. */
  reset(): void {
    this.#fold = emptyFold();
    this.#tools = [];
  }

  /** Whoever listens knows all this already. */
  skip(): void {
    this.#told = foldText(this.#fold);
    this.#isBegun = true;
    this.#isStarting = true;
    this.#tools = [];
  }

  /** What has not been told yet. */
  tell(): readonly Told[] {
    const told: Told[] = [];
    const at = this.#created?.at ?? 0;
    if (!this.#isBegun) told.push(this.#agent('lifecycle', { phase: 'start', startedAt: at }));
    this.#isBegun = true;
    const said = foldText(this.#fold);
    if (!this.#isStarting && this.#fold.steps.length > 0) {
      this.#isStarting = true;
      if (said === '' && !this.outcome) told.push(this.#chat({ state: 'status', phase: 'starting_model' }));
    }
    told.push(...this.#tools.map((data) => this.#agent('tool', data)));
    this.#tools = [];
    told.push(...this.#news(said), ...this.#approvals.tell());
    this.#told = said;
    if (this.outcome) told.push(...this.#end(this.outcome, said));
    return told;
  }

  #news(said: string): readonly Told[] {
    if (said === this.#told) return [];
    const grew = said.startsWith(this.#told);
    const delta = grew ? said.slice(this.#told.length) : said;
    const replaced = grew ? {} : { replace: true };
    const assistant = this.#agent('assistant', { text: said, delta, ...replaced });
    // The end says it all once more.
    if (this.outcome) return [assistant];
    const message = answer(said, foldThinking(this.#fold));
    return [assistant, this.#chat({ state: 'delta', deltaText: delta, ...replaced, message })];
  }

  #end(outcome: Outcome, said: string): readonly Told[] {
    const usage = usageOf(outcome.usage);
    const message = answer(said, foldThinking(this.#fold), outcome, this.#model);
    const stopReason = stopReasonOf(outcome);
    if ('error' in outcome) {
      const { message: errorMessage } = outcome.error;
      return [
        this.#chat({ state: 'error', errorMessage, errorKind: kindOf(outcome.error), message, usage, stopReason }),
        this.#agent('lifecycle', { phase: 'error', error: errorMessage, endedAt: this.#created?.at ?? 0 }),
      ];
    }
    const isAborted = outcome.status === 'cancelled';
    return [
      this.#chat(isAborted ? { state: 'aborted', message, stopReason } : { state: 'final', message, usage, stopReason }),
      this.#agent('lifecycle', { phase: 'end', endedAt: this.#created?.at ?? 0, ...(isAborted && { aborted: true }) }),
    ];
  }

  #noteTool(record: RunRecord): void {
    if (record.kind === 'tool.called') {
      const { id: toolCallId, name, arguments: args } = record.data;
      this.#tools.push({ phase: 'start', toolCallId, name, args: parsed(args) });
    } else if (record.kind === 'tool.result') {
      const { id: toolCallId, name, content, error } = record.data;
      this.#tools.push({
        phase: 'result',
        toolCallId,
        name,
        isError: error !== undefined,
        result: { content: [{ type: 'text', text: content }] },
      });
    }
  }

  #chat(what: object): Told {
    return { event: 'chat', payload: { ...this.#about, seq: this.seq, ...what } };
  }

  #agent(stream: string, data: object): Told {
    return { event: 'agent', payload: { runId: this.#about.runId, seq: this.seq, stream, ts: this.#created?.at ?? 0, data } };
  }
}

function kindOf({ code }: ErrorBody): string {
  if (code.endsWith('_TIMEOUT')) return 'timeout';
  if (code.endsWith('RATE_LIMITED') || code === 'CIRCUIT_OPEN') return 'rate_limit';
  return code === 'PROVIDER_REFUSED' ? 'refusal' : 'unknown';
}

/** As the model wrote them, which may be no JSON. */
function parsed(args: string): unknown {
  try {
    return JSON.parse(args);
  } catch {
    return args;
  }
}
