import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { Run } from '@openclaw-runtime/client';
import { OpenClawError, type Outcome } from '@openclaw-runtime/protocol';
import { type Called, failureOf } from './failure.ts';
import { Gathered } from './gathered.ts';
import type { Line } from './line.ts';
import { type Asked, askedOf } from './request.ts';
import { PartTeller } from './teller.ts';

/** One name as a model of the AI SDK: each call is a run. */
export function createModel(line: Line, modelId: string, url: string): LanguageModelV4 {
  const begin = async (options: LanguageModelV4CallOptions, supersede?: 'hold') => {
    const asked = askedOf(modelId, options);
    const called: Called = { url, request: asked.run, isFinal: asked.run.idempotencyKey !== undefined };
    try {
      const answer = await startRun(line, modelId, supersede ? { ...asked, supersede } : asked, options);
      return { asked, called: { ...called, isFinal: true }, answer };
    } catch (error) {
      throw failureOf(error, called);
    }
  };

  return {
    specificationVersion: 'v4',
    provider: 'openclaw',
    modelId,
    supportedUrls: {},

    async doGenerate(options) {
      const { asked, called, answer } = await begin(options, 'hold');
      const gathered = new Gathered();
      try {
        await unless(options.abortSignal, gathered.takeAll(answer.parts));
      } catch (error) {
        throw failureOf(error, called);
      }
      return { ...gathered.result(), request: { body: asked.run }, warnings: asked.warnings };
    },

    async doStream(options) {
      const { asked, called, answer } = await begin(options);
      return { stream: streamOf(answer, asked, called, options.abortSignal), request: { body: asked.run } };
    },
  };
}

interface Answer {
  readonly parts: AsyncGenerator<LanguageModelV4StreamPart, void, undefined>;
  /** Nobody wants it any more: the run is cancelled, unless it has ended. */
  leave(): void;
}

/** Resolves when the run is durable. An abort leaves it at once. */
async function startRun(line: Line, modelId: string, asked: Asked, options: LanguageModelV4CallOptions): Promise<Answer> {
  const { abortSignal: signal } = options;
  signal?.throwIfAborted();
  const taken = line.take();
  const held = await unless(signal, taken).catch((error: unknown) => {
    // It may come all the same.
    taken.then((late) => late.release()).catch(() => undefined);
    throw error;
  });
  const run = held.client.run(asked.run);
  const release = (): void => {
    run.detach();
    held.release();
  };
  let isOver = false;
  const end = (how: () => void): void => {
    if (isOver) return;
    isOver = true;
    signal?.removeEventListener('abort', leave);
    how();
  };
  const leave = (): void =>
    end(() => {
      run.result().catch(() => undefined);
      // The connection is kept until the server knows.
      run.cancel().then(release, release);
    });
  signal?.addEventListener('abort', leave, { once: true });
  try {
    const id = await unless(signal, run.started);
    const teller = new PartTeller(
      id,
      modelId,
      (options.tools ?? []).map(({ name }) => name),
      asked.supersede,
    );
    return { parts: partsOf(run, teller, () => end(held.release), leave, signal), leave };
  } catch (error) {
    leave();
    throw error;
  }
}

async function* partsOf(
  run: Run,
  teller: PartTeller,
  over: () => void,
  leave: () => void,
  signal: AbortSignal | undefined,
): Answer['parts'] {
  try {
    for await (const item of run) {
      signal?.throwIfAborted();
      yield* teller.take(item);
      if (item.kind === 'run.finished') over();
      if (teller.outcome) fail(teller.outcome);
    }
    if (!teller.outcome) await run.result();
    over();
  } finally {
    leave();
  }
}

/** Throws why there is no answer. */
function fail(outcome: Outcome): void {
  if (outcome.status === 'completed') return;
  if (outcome.status === 'cancelled') throw new OpenClawError('CANCELLED', 'The run was cancelled.');
  throw OpenClawError.fromBody(outcome.error);
}

function streamOf(
  { parts, leave }: Answer,
  { warnings }: Asked,
  called: Called,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> {
  let callOff = (): void => undefined;
  return new ReadableStream({
    start(controller) {
      controller.enqueue({ type: 'stream-start', warnings });
      // At once, also where the server is away.
      const abort = (): void => controller.error(signal?.reason);
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      callOff = () => signal?.removeEventListener('abort', abort);
    },
    async pull(controller) {
      try {
        const { done, value } = await parts.next();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        if (signal?.aborted) return;
        controller.enqueue({ type: 'error', error: failureOf(error, called) });
      }
      callOff();
      controller.close();
    },
    cancel() {
      callOff();
      leave();
    },
  });
}

/** What comes first: the promise's end, or the signal. */
async function unless<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (!signal) return promise;
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
