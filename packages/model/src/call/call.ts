import { NO_USAGE } from '@openclaw-runtime/protocol';
import { createParser } from 'eventsource-parser';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
import { secretsOf } from '../failure/secrets.ts';
import type { HttpAnswer } from '../http/port.ts';
import type { Answer, Api } from './api.ts';
import { Deadline } from './deadline.ts';
import { orAbort } from './or-abort.ts';
import { checkStream } from './refusal.ts';
import { createSpeech, type Speech } from './speech.ts';
import type { CallTarget } from './target.ts';

const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/**
 * One try of one model call: asks, reads the stream into the sink, and answers how it ended. `totalAt` is on the clock's `now`.
 * Whatever goes wrong, the socket is destroyed before this rejects; what the sink throws is passed on as it is.
 */
export async function call(target: CallTarget, api: Api, sink: ModelSink, signal: AbortSignal, totalAt: number): Promise<ModelEnd> {
  const apiKey = target.apiKey();
  const secrets = secretsOf(apiKey, target.headers);
  const speech = createSpeech(target, api.title, secrets);
  const attempt = new AbortController();
  const stop = (): void => attempt.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const deadline = new Deadline(target.clock, { ...target, totalAt }, (late) => attempt.abort(speech.late(late)));
  let answer: Answer | undefined;
  try {
    const http = await ask(target, api, apiKey, speech, attempt.signal);
    await checkStream(api, http, speech, attempt.signal);
    answer = api.answer(speech, sink);
    return await read(http, answer, sink, deadline, speech, attempt.signal);
  } catch (error) {
    const late = error === attempt.signal.reason && !signal.aborted;
    attempt.abort(error);
    // Only the end mark was late.
    if (late && answer?.finished) return answer.end();
    if (answer && answer.usage !== NO_USAGE) sink.spent?.(answer.usage);
    throw error;
  } finally {
    deadline.stop();
    signal.removeEventListener('abort', stop);
  }
}

async function ask(target: CallTarget, api: Api, apiKey: string | undefined, speech: Speech, signal: AbortSignal): Promise<HttpAnswer> {
  const { credentials, ...question } = api.question(apiKey);
  const headers = { accept: 'text/event-stream', ...question.headers, ...target.headers, ...credentials };
  try {
    signal.throwIfAborted();
    return await target.send({ ...question, headers, signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw speech.broken(`could not be reached at ${new URL(question.url).origin}`, cause);
  }
}

async function read(
  http: HttpAnswer,
  answer: Answer,
  sink: ModelSink,
  deadline: Deadline,
  speech: Speech,
  signal: AbortSignal,
): Promise<ModelEnd> {
  const decoder = new TextDecoder();
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: (event) => answer.take(event.data),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') {
        throw speech.failed('sent a line over 16 MiB', 'PROVIDER_MALFORMED', 'Ask for less in one answer.');
      }
    },
  });
  const packets = http.body[Symbol.asyncIterator]();
  for (;;) {
    const packet = await pull(packets, answer, speech, signal);
    if (packet.done) break;
    const { content, finished } = answer;
    parser.feed(decoder.decode(packet.value, { stream: true }));
    // A sink may abort the call from within a delta.
    if (signal.aborted) throw signal.reason;
    if (answer.done) {
      await packets.return?.();
      break;
    }
    if (answer.content !== content || answer.finished !== finished) deadline.touch(answer.finished ? 'end mark' : 'between chunks');
    const full = sink.full();
    if (full) {
      deadline.pause();
      await orAbort(full, signal);
      deadline.resume();
    }
  }
  return answer.end();
}

async function pull(
  packets: AsyncIterator<Uint8Array>,
  answer: Answer,
  speech: Speech,
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array>> {
  try {
    signal.throwIfAborted();
    return await packets.next();
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (answer.finished) return { done: true, value: undefined };
    throw speech.broken('broke off in the middle of its answer', cause);
  }
}
