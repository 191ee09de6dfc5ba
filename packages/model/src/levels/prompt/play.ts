import { addUsage, type ErrorBody, NO_USAGE, type Usage } from '@openclaw-runtime/protocol';
import type { ModelEnd, ModelRequest, ModelSink } from '../../contract/broker.ts';
import { Splitter } from './splitter.ts';
import type { Call, Strategy } from './strategies.ts';

type Ask = (request: ModelRequest, sink: ModelSink) => Promise<ModelEnd>;

/** An answer that was had, without its thoughts. */
export interface Had extends ModelEnd {
  readonly said: string;
}

/**
 * Plays a strategy as one call: what leads to the answer streams as thinking, the answer as text. A move fails when all its calls do, with the error of the
 * first; what its calls cost is counted either way.
 */
export async function play(strategy: Strategy, request: ModelRequest, sink: ModelSink, ask: Ask): Promise<Had> {
  let usage: Usage = NO_USAGE;
  let last: readonly (Had | undefined)[] = [];
  let calls = last;
  try {
    for (let next = strategy.next([]); !next.done; next = strategy.next(last.map((had) => had?.said))) {
      const move = next.value;
      if (move.do === 'say') {
        const chosen = calls[move.call];
        if (chosen?.said) sink.text(chosen.said);
        return { finish: chosen?.finish ?? 'stop', toolCalls: [], usage, said: chosen?.said ?? '' };
      }
      last = await askAll(move.calls, request, sink, ask, (spent) => {
        usage = addUsage(usage, spent);
      });
      if (last.length > 1) calls = last;
    }
  } catch (error) {
    if (usage !== NO_USAGE) sink.spent?.(usage);
    throw error;
  }
  return { finish: last[0]?.finish ?? 'stop', toolCalls: last[0]?.toolCalls ?? [], usage, said: last[0]?.said ?? '' };
}

async function askAll(
  calls: readonly Call[],
  request: ModelRequest,
  sink: ModelSink,
  ask: Ask,
  spend: (usage: Usage) => void,
): Promise<readonly (Had | undefined)[]> {
  const [only] = calls;
  const alone = calls.length === 1;
  const asked = calls.map(async ({ name, messages, flow }): Promise<Had> => {
    const part = new PartSink(sink, alone ? flow : 'kept', name);
    try {
      const end = await ask({ ...request, messages }, part);
      part.end();
      spend(end.usage);
      return { ...end, said: part.said };
    } finally {
      if (part.wasted !== NO_USAGE) spend(part.wasted);
    }
  });
  const settled = await Promise.allSettled(asked);
  if (settled.every(({ status }) => status === 'rejected')) throw (settled[0] as PromiseRejectedResult).reason;
  const answers = settled.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
  if (alone && only?.flow === 'thinking') sink.thinking('\n\n');
  if (!alone) for (const [i, had] of answers.entries()) sink.thinking(`${calls[i]?.name}:\n\n${had?.said ?? 'failed'}\n\n`);
  return answers;
}

/** Where the answer to one of several calls goes. What the provider keeps of it is of no use: nobody could go on with the others. */
class PartSink implements ModelSink {
  readonly #sink: ModelSink;
  readonly #flow: Call['flow'] | 'kept';
  readonly #splitter: Splitter;
  /** Said before the first thought, and not before: until then the call may be made again. */
  #head: string;
  /** The answer, without its thoughts. */
  said = '';
  wasted: Usage = NO_USAGE;

  constructor(sink: ModelSink, flow: Call['flow'] | 'kept', name: string) {
    this.#sink = sink;
    this.#flow = flow;
    this.#head = `${name}:\n\n`;
    this.#splitter = new Splitter({ thinking: (delta) => this.thinking(delta), text: (delta) => this.#answer(delta) });
  }

  end(): void {
    this.#splitter.end();
  }

  text(delta: string): void {
    this.#splitter.push(delta);
  }

  thinking(delta: string): void {
    if (this.#flow === 'kept') return;
    if (this.#head !== '') this.#sink.thinking(this.#head);
    this.#head = '';
    this.#sink.thinking(delta);
  }

  retry(error: ErrorBody, delayMs: number): void {
    this.#sink.retry(error, delayMs);
  }

  queued(ahead: number): void {
    this.#sink.queued(ahead);
  }

  responding(): void {}

  spent(usage: Usage): void {
    this.wasted = addUsage(this.wasted, usage);
  }

  full(): Promise<void> | undefined {
    return this.#sink.full();
  }

  #answer(delta: string): void {
    this.said += delta;
    if (this.#flow === 'thinking') this.thinking(delta);
    if (this.#flow === 'text') this.#sink.text(delta);
  }
}
