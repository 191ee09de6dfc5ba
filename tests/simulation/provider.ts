import { sleep } from '@openclaw-runtime/kit';
import type { HttpClient } from '../../packages/model/src/http/port.ts';
import type { Chance } from './chance.ts';
import type { Kernel } from './kernel.ts';
import type { Process } from './process.ts';

/** What the provider was asked and what it said. The judge holds logs against it. */
export interface LedgerEntry {
  /** The conversation that it answers, without the text that it was to go on from. */
  readonly conversation: string;
  readonly prefix: string;
  /** The whole answer, with the prefix where it went on from it. */
  readonly text: string;
  readonly thinking: string;
  readonly askedAt: number;
  /** When it was finished, or given up by the one who asked. */
  endedAt: number | undefined;
  end: 'open' | 'finished' | 'aborted' | 'broken';
}

export interface ProviderFaults {
  /** Of a request: the probability that it goes wrong. */
  rate: number;
}

export interface Provider {
  readonly ledger: readonly LedgerEntry[];
  readonly faults: ProviderFaults;
  /** The sockets of one process; they close when it dies. */
  connect(process: Process): HttpClient;
}

interface ChatBody {
  readonly model: string;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

type Fault = 'none' | 'status' | 'cut' | 'stall' | 'junk' | 'slow';
const FAULTS: readonly Fault[] = ['status', 'cut', 'cut', 'stall', 'junk', 'slow'];
const ANIMALS = ['🦞', '🦀', '🦐', '🦑'];
const encoder = new TextEncoder();

/**
 * A provider of chat completions on the far side of a network of its own. Model `vary` answers differently at each attempt, `prefix` always the same and goes on
 * from given text, `think` thinks first. It outlives all processes of ours.
 */
export function createProvider(kernel: Kernel, chance: Chance, tokens: number, gapMs: number): Provider {
  const ledger: LedgerEntry[] = [];
  const faults: ProviderFaults = { rate: 0 };

  const answerOf = ({
    model,
    messages,
  }: ChatBody): { readonly entry: LedgerEntry; readonly deltas: readonly string[]; readonly thoughts: readonly string[] } => {
    const last = messages.at(-1);
    const given = model === 'prefix' && last?.role === 'assistant' ? last.content : '';
    const asked = given === '' ? messages : messages.slice(0, -1);
    const conversation = conversationOf(asked);
    const nonce = model === 'prefix' ? '' : `~${ledger.length}`;
    const own = createWords(conversation, nonce, tokens);
    const whole = own.join('');
    const goesOn = given !== '' && whole.startsWith(given);
    const thoughts = model === 'think' ? ['hm', nonce, '…'] : [];
    const entry: LedgerEntry = {
      conversation,
      prefix: goesOn ? given : '',
      text: whole,
      thinking: thoughts.join(''),
      askedAt: kernel.now,
      endedAt: undefined,
      end: 'open',
    };
    ledger.push(entry);
    return { entry, thoughts, deltas: goesOn ? rest(own, given.length) : own };
  };

  return {
    ledger,
    faults,
    connect: (process) => ({
      async send({ body = '', signal }) {
        const asked = JSON.parse(body) as ChatBody;
        await sleep(process.clock, chance.between(1, 20), signal);
        const fault: Fault = chance.may(faults.rate) ? chance.pick(FAULTS) : 'none';
        if (fault === 'status') {
          const status = chance.pick([429, 500, 503]);
          return { status, headers: { 'retry-after': '0' }, body: once('{"error":{"message":"not now"}}') };
        }
        const { entry, deltas, thoughts } = answerOf(asked);
        process.onDeath(() => close(kernel, entry, 'aborted'));
        const calls = callsOf(asked, entry.conversation);
        const chunks = [
          ...thoughts.map((text) => chunkOf({ reasoning_content: text })),
          ...deltas.map((text) => chunkOf({ content: text })),
          ...calls.map((name, index) =>
            chunkOf({ tool_calls: [{ index, id: `${ledger.length}-${index}`, type: 'function', function: { name, arguments: '{}' } }] }),
          ),
        ];
        const faultAt = fault === 'none' ? Number.POSITIVE_INFINITY : chance.below(chunks.length + 1);
        const stream = speak(kernel, process, chance, {
          faults,
          entry,
          chunks,
          finish: calls.length > 0 ? 'tool_calls' : 'stop',
          fault,
          faultAt,
          gapMs,
          signal,
        });
        return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: stream };
      },
      close: () => Promise.resolve(),
    }),
  };
}

function close(kernel: Kernel, entry: LedgerEntry, how: LedgerEntry['end']): void {
  if (entry.end !== 'open') return;
  entry.endedAt = kernel.now;
  entry.end = how;
}

/** How the judge names a conversation: texts in their order. */
export function conversationOf(messages: readonly { readonly role: string; readonly content: string }[]): string {
  return messages.map(({ role, content }) => `${role}: ${content}`).join('\n');
}

interface Speech {
  readonly faults: ProviderFaults;
  readonly entry: LedgerEntry;
  readonly chunks: readonly string[];
  readonly finish: string;
  readonly fault: Fault;
  readonly faultAt: number;
  readonly gapMs: number;
  readonly signal: AbortSignal;
}

async function* speak(
  kernel: Kernel,
  process: Process,
  chance: Chance,
  { faults, entry, chunks, finish, fault, faultAt, gapMs, signal }: Speech,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let i = 0; i < chunks.length; ) {
      await sleep(process.clock, gapMs * chance.between(0.2, 2), signal);
      if (i >= faultAt) {
        if (fault === 'cut') throw new Error('the simulated socket was reset');
        if (fault === 'stall')
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
        if (fault === 'junk') yield encoder.encode('data: {"choices": [oops\n\n');
        if (fault === 'slow' && faults.rate > 0) await sleep(process.clock, 700, signal);
      }
      const upTo = Math.min(chunks.length, i + 1 + (chance.may(0.3) ? chance.below(3) : 0));
      const bytes = encoder.encode(chunks.slice(i, upTo).join(''));
      i = upTo;
      const cut = chance.may(0.2) ? chance.below(bytes.length) : 0;
      if (cut > 0) yield bytes.subarray(0, cut);
      yield bytes.subarray(cut);
    }
    await sleep(process.clock, 1, signal);
    close(kernel, entry, 'finished');
    yield encoder.encode(
      `data: {"choices":[{"delta":{},"finish_reason":"${finish}"}],"usage":{"prompt_tokens":3,"completion_tokens":5}}\n\ndata: [DONE]\n\n`,
    );
  } finally {
    close(kernel, entry, signal.aborted ? 'aborted' : 'broken');
  }
}

/** One to three calls for most questions to a model with tools; none right behind their results. */
function callsOf({ tools = [], messages }: ChatBody, conversation: string): string[] {
  if (tools.length === 0 || messages.at(-1)?.role !== 'user' || conversation.length % 5 === 0) return [];
  return Array.from(
    { length: 1 + (conversation.length % 3) },
    (_, i) => tools[(conversation.length + i) % tools.length]?.function.name ?? '',
  );
}

function chunkOf(delta: object): string {
  return `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`;
}

async function* once(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield encoder.encode(text);
}

function createWords(conversation: string, nonce: string, tokens: number): string[] {
  let value = 0x811c9dc5;
  for (let i = 0; i < conversation.length; i++) value = Math.imul(value ^ conversation.charCodeAt(i), 0x01000193) >>> 0;
  const count = 1 + (value % tokens);
  // Attempts differ first in the second half of a surrogate pair, which is where they are easily parted.
  const animal = nonce === '' ? '🦞' : ANIMALS[Number(nonce.slice(1)) % ANIMALS.length];
  return Array.from({ length: count }, (_, i) => `${(value % 97) + i}${i % 3 === 0 ? animal : ''}${nonce} `);
}

function rest(words: readonly string[], units: number): string[] {
  const left: string[] = [];
  let skip = units;
  for (const word of words) {
    if (skip >= word.length) skip -= word.length;
    else {
      left.push(word.slice(skip));
      skip = 0;
    }
  }
  return left;
}
