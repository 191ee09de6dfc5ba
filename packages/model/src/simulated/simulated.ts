import { type Clock, createWheel, encodeId, type Random, SlotMap } from '@openclaw-runtime/kit';
import { type Message, OpenClawError, type ToolCall } from '@openclaw-runtime/protocol';
import type { Level, ModelEnd, ModelRequest, ModelSink } from '../contract/broker.ts';
import { statusFailure } from '../failure/status.ts';
import type { Script } from './options.ts';
import { Playing, type Score } from './playing.ts';
import { simulatedSource, type TokenSource } from './text.ts';

export interface Simulated {
  /** One try of one call; errors are those a real provider would cause. */
  stream(call: SimulatedCall, request: ModelRequest, sink: ModelSink, signal: AbortSignal): Promise<ModelEnd>;
  close(): void;
}

export interface SimulatedCall {
  readonly provider: string;
  /** Exact name with options: `times` counts by it. */
  readonly model: string;
  readonly script: Script;
  readonly firstChunkMs: number;
  readonly betweenChunksMs: number;
  /** When the whole call must have ended, on the clock's `now`. */
  readonly totalAt: number;
}

const TICK_MS = 2;
const TOKENS_PER_SECOND = 30;
/** Words of thinking at level 2. */
const LEVEL_WORDS = 10;
/** Names whose strikes are counted; callers may make up any number of them. */
const STRIKES_KEPT = 10_000;

export function createSimulated(clock: Clock, random: Random): Simulated {
  const time = { clock, wheel: createWheel(clock, TICK_MS) };
  const strikes = new Map<string, number>();
  const open = new SlotMap<number, Playing>();
  let count = 0;

  return {
    stream(call, request, sink, signal) {
      const { level: wanted } = request;
      if (wanted !== undefined) sink.leveled?.({ wanted, sent: JSON.stringify({ thinking: thinkingWords(call.script, wanted) }) });
      const faulty = strikesNow(strikes, call);
      if (faulty && call.script.status !== undefined) return Promise.reject(refusal(call, call.script.status, clock));
      return new Promise((resolve, reject) => {
        const id = ++count;
        const playing = new Playing(new Part(call, request, faulty, random), sink, signal, time, (error, end) => {
          open.delete(id);
          if (end) resolve(end);
          else reject(error);
        });
        open.set(id, playing);
        playing.start();
      });
    },
    close() {
      for (const playing of open.values())
        playing.stop(new OpenClawError('SHUTTING_DOWN', 'The broker was closed. Ask again after the restart.'));
    },
  };
}

/** What one call plays. */
class Part implements Score {
  readonly text: TokenSource;
  readonly thinking: TokenSource;
  readonly skip: number;
  readonly firstMs: number;
  readonly gapMs: number;
  readonly faultAfter: number;
  readonly #call: SimulatedCall;
  readonly #request: ModelRequest;
  readonly #isCut: boolean;

  constructor(call: SimulatedCall, request: ModelRequest, isFaulty: boolean, random: Random) {
    const { script } = call;
    const { messages, prefix, level, settings } = request;
    const prompt = lastPrompt(messages);
    const variant = script.vary ? nonce(random) : '';
    const whole = simulatedSource(prompt, script.tokens, variant);
    const length = settings?.maxTokens ?? whole.length;
    this.#call = call;
    this.#request = request;
    this.#isCut = length < whole.length;
    this.text = this.#isCut ? { length, at: (i) => whole.at(i) } : whole;
    this.thinking = simulatedSource(`thinking about ${prompt}`, prefix ? 0 : thinkingWords(script, level), variant);
    this.skip = prefix?.length ?? 0;
    const totalMs = script.ms ?? (this.text.length * 1000) / TOKENS_PER_SECOND;
    this.gapMs = this.text.length === 0 ? 0 : totalMs / this.text.length;
    this.firstMs = script.ttft ?? this.gapMs;
    const { cut = Number.POSITIVE_INFINITY, stall = Number.POSITIVE_INFINITY } = script;
    this.faultAfter = isFaulty ? Math.min(cut, stall) : Number.POSITIVE_INFINITY;
  }

  get totalAt(): number {
    return this.#call.totalAt;
  }

  tooLate(): unknown {
    return timedOut(this.#call, 'did not end its answer in time (timeouts.totalMs)');
  }

  fault(playing: Playing): void {
    const { script, firstChunkMs, betweenChunksMs } = this.#call;
    if (script.cut === this.faultAfter) playing.stop(brokeOff(this.#call));
    else playing.stopLater(silent(this.#call, this.faultAfter), this.faultAfter === 0 ? firstChunkMs : betweenChunksMs);
  }

  finish(sent: number): ModelEnd {
    return finished(this.#request, this.#call.script, sent, this.thinking.length, this.#isCut);
  }
}

/** None at level 1, then four times as many with each level. */
function thinkingWords({ thinking }: Script, level: Level | undefined): number {
  if (level === undefined) return thinking ?? 0;
  return level === 1 ? 0 : (thinking ?? LEVEL_WORDS) * 4 ** (level - 2);
}

function finished(request: ModelRequest, script: Script, sent: number, thinking: number, isCut: boolean): ModelEnd {
  const units = request.messages.reduce((sum, message) => sum + message.content.length, 0) + (request.prefix?.length ?? 0);
  const usage = { inputTokens: Math.ceil(units / 4), outputTokens: sent, reasoningTokens: thinking, cachedTokens: 0 };
  if (isCut) return { finish: 'length', usage, toolCalls: [] };
  // With the tool's result at hand it answers, lest it call for ever.
  if (script.tool === undefined || request.messages.at(-1)?.role === 'tool') return { finish: 'stop', usage, toolCalls: [] };
  return { finish: 'tool_calls', usage, toolCalls: [toolCall(script.tool, lastPrompt(request.messages), request.messages.length)] };
}

function toolCall(name: string, prompt: string, messages: number): ToolCall {
  return { id: `call_${messages}_${name}`, name, arguments: JSON.stringify({ input: prompt }) };
}

function lastPrompt(messages: readonly Message[]): string {
  return messages.findLast((message) => message.role === 'user')?.content ?? '';
}

/** Whether this call is to go wrong; counts it when so. */
function strikesNow(strikes: Map<string, number>, { model, script }: SimulatedCall): boolean {
  if (script.cut === undefined && script.stall === undefined && script.status === undefined) return false;
  if (script.times === undefined) return true;
  const struck = strikes.get(model) ?? 0;
  if (struck >= script.times) return false;
  if (struck === 0 && strikes.size >= STRIKES_KEPT) strikes.delete(strikes.keys().next().value as string);
  strikes.set(model, struck + 1);
  return true;
}

function nonce(random: Random): string {
  return encodeId(random.bytes(16)).replace(/[-_]/g, '').toLowerCase().slice(0, 4);
}

function refusal({ provider, model, script }: SimulatedCall, status: number, clock: Clock): OpenClawError {
  const headers = script.retry === undefined ? {} : { 'retry-after': String(script.retry) };
  const body = JSON.stringify({ error: { message: `the simulated model was asked for status ${status}` } });
  return statusFailure({ provider, model, status, headers, body, secrets: [], wallMs: clock.wall() });
}

function brokeOff({ provider }: SimulatedCall): OpenClawError {
  return new OpenClawError(
    'PROVIDER_FAILED',
    `The provider "${provider}" broke off in the middle of its answer, as its script says. Try again.`,
  );
}

function silent(call: SimulatedCall, after: number): OpenClawError {
  const { firstChunkMs, betweenChunksMs } = call;
  return timedOut(call, after === 0 ? `sent no content within ${firstChunkMs} ms` : `sent no more content for ${betweenChunksMs} ms`);
}

function timedOut({ provider }: SimulatedCall, what: string): OpenClawError {
  return new OpenClawError('PROVIDER_TIMEOUT', `The provider "${provider}" ${what}, as its script says. Try again.`);
}
