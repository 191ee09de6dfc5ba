import {
  type Answered,
  type Ask,
  type CodedAgent,
  decodeState,
  encodeState,
  type OnInterrupted,
  type OperationJob,
  type ToolCard,
} from '@openclaw-runtime/agent';
import { type Clock, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads } from '@openclaw-runtime/runtime';
import { abortSignalOf, askOf } from '../../packages/runtime/test/carried-call.ts';
import type { Chance } from './chance.ts';

/** What a tool did to the world outside, which outlives all processes of ours. */
export interface Effect {
  readonly tool: string;
  readonly key: string;
}

export interface Hands {
  readonly effects: readonly Effect[];
  /** Threads of one process. */
  threads(clock: Clock, chance: Chance): AgentThreads;
}

/** An agent with a tool that must not be called twice for one key, one that may, and an operation. */
export const HANDY: CodedAgent = {
  name: 'handy',
  module: 'file:///handy.ts',
  card: {
    version: 1,
    tools: [card('once', 'fail'), card('again', 'retry')],
    operations: [{ name: 'count' }],
    uses: [],
    dedicated: false,
    snapshotIntervalMs: 0,
  },
};

/** Tools take a while, have their effect somewhere in it, fail now and then, and lose their thread. */
export function createHands(): Hands {
  const effects: Effect[] = [];
  return {
    effects,
    threads: (clock, chance) => ({
      describe: () => Promise.reject(new OpenClawError('NOT_IMPLEMENTED', 'Nobody asks.')),
      status: { threads: 1, active: 0, calls: 0, queued: 0, lost: {} },
      close: () => Promise.resolve(),
      async call(call, stop) {
        const { job } = call;
        const signal = abortSignalOf(stop);
        const ask = askOf(call);
        if (job.kind === 'operation') return untilAborted(count(job, ask, clock, chance, signal), signal);
        await sleep(clock, chance.between(0, 60), signal);
        if (chance.may(0.05)) throw new OpenClawError('THREAD_LOST', 'another call ended the thread');
        effects.push({ tool: job.tool, key: job.key });
        await sleep(clock, chance.between(0, 60), signal);
        if (chance.may(0.05)) throw new OpenClawError('THREAD_LOST', 'another call ended the thread');
        if (chance.may(0.05)) throw new OpenClawError('TOOL_FAILED', 'no luck');
        return JSON.stringify(`done ${job.key}`);
      },
    }),
  };
}

function card(name: string, onInterrupted: OnInterrupted): ToolCard {
  return { name, parameters: { type: 'object' }, sideEffects: true, onInterrupted, timeoutMs: 60_000, needsApproval: false, secrets: [] };
}

/** Rounds of the operation. */
export const ROUNDS = 3;
/** The one in which a person is asked, counted from 0. */
export const ASKING_ROUND = 1;
const PATIENCE_MS = 900;

/** Each round a step, words of the model that are shown, some that are not, and a checkpoint. It loses its thread now and then. */
async function count(
  job: OperationJob,
  ask: (request: Ask) => Promise<Answered>,
  clock: Clock,
  chance: Chance,
  signal: AbortSignal,
): Promise<string> {
  const { prompt } = decodeState(job.args ?? '') as { readonly prompt: string };
  let { at, sum } = job.state ? (decodeState(job.state.value) as { readonly at: number; readonly sum: number }) : { at: 0, sum: 0 };
  let known = job.pieces;
  const piece = async (what: 'step' | 'stream' | 'generate' | 'ask', work: () => Promise<Answered>): Promise<unknown> => {
    await sleep(clock, chance.between(0, 20), signal);
    if (chance.may(0.05)) throw new OpenClawError('THREAD_LOST', 'another call ended the thread');
    const done = known.find((each) => each.what === what);
    if (done?.error) throw OpenClawError.fromBody(done.error);
    const answered = done ? (done.plain ?? done.value) : await work();
    return typeof answered === 'object' ? answered : decodeState(answered ?? '');
  };
  for (; at < ROUNDS; at++) {
    const call = (how: string): { readonly messages: readonly [{ readonly role: 'user'; readonly content: string }] } => ({
      messages: [{ role: 'user', content: `${prompt}: ${how} ${at}` }],
    });
    const value = encodeState(1);
    const one = await piece('step', async () => {
      await ask({ do: 'done', name: 'one', n: 0, ms: 1, value });
      return value;
    });
    await piece('stream', () => ask({ do: 'stream', n: 0, call: call('shown') })).catch(goOn);
    await piece('generate', () => ask({ do: 'generate', name: 'g', n: 0, call: call('kept') })).catch(goOn);
    // Long enough for the run to be parked, and nobody answers.
    if (at === ASKING_ROUND)
      await piece('ask', () => ask({ do: 'person', name: 'p', n: 0, text: prompt, timeoutMs: PATIENCE_MS })).catch(goOn);
    sum += Number(one);
    await ask({ do: 'checkpoint', version: 1, state: encodeState({ at: at + 1, sum }) });
    known = [];
  }
  return encodeState(sum);
}

/** A model that was given up is no reason to end. */
function goOn(error: unknown): void {
  if (!(error instanceof OpenClawError) || error.code === 'THREAD_LOST') throw error;
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
