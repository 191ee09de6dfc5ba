import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart, SharedV4ProviderOptions } from '@ai-sdk/provider';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { Deadline } from '../call/deadline.ts';
import { orAbort } from '../call/or-abort.ts';
import { createSpeech } from '../call/speech.ts';
import type { CallTarget } from '../call/target.ts';
import type { ModelEnd, ModelRequest, ModelSink } from '../contract/broker.ts';
import { leftOut, sdkSettings } from '../settings/sdk.ts';
import { SdkAnswer } from './answer.ts';
import { sdkFailure } from './failure.ts';
import type { SdkLevel } from './level.ts';
import { asked } from './prompt.ts';
import type { Wires } from './wires.ts';

/** A provider of the AI SDK, as one model of it is called. */
export interface SdkTarget extends CallTarget {
  /** As a person would look it up: `the Gemini API`. */
  readonly api: string;
  /** As `secretsOf` gives them. */
  readonly secrets: readonly string[];
  /** What the provider's package takes besides, under the package's own name for itself. */
  readonly providerOptions: SharedV4ProviderOptions;
  /** How hard the model is to think, where somebody said so. */
  readonly level?: SdkLevel | undefined;
  readonly open: () => Promise<LanguageModelV4>;
  readonly tie: Wires['tie'];
}

/**
 * One try of one model call: asks a model of the AI SDK, reads its stream into the sink, and answers how it ended. `totalAt` is on the
 * clock's `now`. Whatever goes wrong, the stream is cancelled before this rejects; what the sink throws is passed on as it is.
 */
export async function askSdk(
  target: SdkTarget,
  request: ModelRequest,
  sink: ModelSink,
  signal: AbortSignal,
  totalAt: number,
): Promise<ModelEnd> {
  const { provider, model, secrets, clock, level } = target;
  const speech = createSpeech(target, target.api, secrets);
  const attempt = new AbortController();
  const stop = (): void => attempt.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  /** What went wrong on the wire; an SDK would say it in words of its own, or not at all. */
  let lost: OpenClawError | undefined;
  const failureOf = (error: unknown): OpenClawError =>
    lost ?? sdkFailure({ provider, model, secrets, wallMs: clock.wall(), speech }, error);
  const answer = new SdkAnswer(sink, failureOf, (warnings) => {
    const missing = leftOut(request.settings, warnings);
    if (missing) throw missing;
    level?.warned(warnings);
  });
  let deadline: Deadline | undefined;
  try {
    const sdk = await orAbort(target.open(), attempt.signal);
    // From here on: loading the SDK was not the provider's time.
    deadline = new Deadline(clock, { ...target, totalAt }, (late) => attempt.abort(speech.late(late)));
    const failed = (error: unknown): void => {
      lost ??= OpenClawError.from(error, 'PROVIDER_FAILED');
    };
    target.tie(attempt.signal, { speech, full: () => sink.full(), failed, ...(level && { amended: (body) => level.amended(body) }) });
    const settings = sdkSettings(request.settings, request.tools !== undefined && request.tools.length > 0);
    const options = {
      ...asked(request),
      abortSignal: attempt.signal,
      ...(request.headers && { headers: { ...request.headers } }),
      providerOptions: target.providerOptions,
      ...settings,
      ...level?.options,
    };
    const stream = await begin(sdk, options, failureOf, attempt.signal);
    await read(stream, answer, sink, deadline, failureOf, attempt.signal);
    if (lost) answer.spend();
    if (lost) throw lost;
    return answer.end();
  } catch (error) {
    const late = error === attempt.signal.reason && !signal.aborted;
    attempt.abort(error);
    // Only the stream's end was late.
    if (late && answer.finished) return answer.end();
    throw error;
  } finally {
    deadline?.stop();
    signal.removeEventListener('abort', stop);
  }
}

type Parts = ReadableStream<LanguageModelV4StreamPart>;
type FailureOf = (error: unknown) => OpenClawError;

async function begin(sdk: LanguageModelV4, options: LanguageModelV4CallOptions, failureOf: FailureOf, signal: AbortSignal): Promise<Parts> {
  signal.throwIfAborted();
  const asking = (async () => sdk.doStream(options))();
  try {
    return (await orAbort(asking, signal)).stream;
  } catch (error) {
    if (!signal.aborted) throw failureOf(error);
    // It may come all the same.
    void asking.then(({ stream }) => stream.cancel(signal.reason)).catch(() => undefined);
    throw signal.reason;
  }
}

async function read(
  stream: Parts,
  answer: SdkAnswer,
  sink: ModelSink,
  deadline: Deadline,
  failureOf: FailureOf,
  signal: AbortSignal,
): Promise<void> {
  const reader = stream.getReader();
  // A read that waits then ends at once, whether or not the SDK minds its signal.
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  for (;;) {
    if (signal.aborted) throw signal.reason;
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw signal.aborted ? signal.reason : failureOf(error);
    });
    if (signal.aborted) throw signal.reason;
    if (done) return;
    const { content, finished } = answer;
    answer.take(value);
    // A sink may abort the call from within a delta.
    if (signal.aborted) throw signal.reason;
    if (answer.content !== content || answer.finished !== finished) deadline.touch(answer.finished ? 'end mark' : 'between chunks');
    const full = sink.full();
    if (full) {
      deadline.pause();
      await orAbort(full, signal);
      deadline.resume();
    }
  }
}
