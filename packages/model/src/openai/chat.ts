import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createParser } from 'eventsource-parser';
import type { ModelEnd, ModelRequest, ModelSink } from '../contract/broker.ts';
import { providerMessage, tidy } from '../failure/provider-message.ts';
import { secretsOf } from '../failure/secrets.ts';
import { statusFailure } from '../failure/status.ts';
import type { HttpAnswer, HttpPost } from '../http/port.ts';
import { Answer } from './answer.ts';
import { requestBody } from './body.ts';
import { type PrefixStyle, prefixUrl } from './capabilities.ts';
import { Deadline, type Lateness } from './deadline.ts';
import { orAbort } from './or-abort.ts';

/** A provider of chat completions, as one model of it is asked. */
export interface ChatTarget {
  readonly provider: string;
  readonly url: string;
  readonly apiKey: () => string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly firstChunkMs: number;
  readonly betweenChunksMs: number;
  readonly totalMs: number;
  readonly prefix: PrefixStyle;
  /** The model's name at the provider. */
  readonly model: string;
  readonly post: HttpPost;
  readonly clock: Clock;
}

const MAX_EVENT_LENGTH = 16 * 1024 * 1024;
const MAX_ERROR_LENGTH = 64 * 1024;

/**
 * One try of one model call: asks, reads the stream into the sink, and answers how it ended. `totalAt` is on the clock's `now`.
 * Whatever goes wrong, the socket is destroyed before this rejects; what the sink throws is passed on as it is.
 */
export async function chat(
  target: ChatTarget,
  request: ModelRequest,
  sink: ModelSink,
  signal: AbortSignal,
  totalAt: number,
): Promise<ModelEnd> {
  const call = new AbortController();
  const stop = (): void => call.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const deadline = new Deadline(target.clock, { ...target, totalAt }, (late) => call.abort(tooLate(target, late)));
  let answer: Answer | undefined;
  try {
    const apiKey = target.apiKey();
    const secrets = secretsOf(apiKey, target.headers);
    const http = await ask(target, request, apiKey, secrets, call.signal);
    if (http.status < 200 || http.status > 299) throw await refused(target, http, secrets, call.signal);
    checkEncoding(target, http);
    await checkType(target, http, secrets, call.signal);
    answer = new Answer(target.provider, secrets, sink);
    return await read(target, http, answer, sink, deadline, secrets, call.signal);
  } catch (error) {
    const late = error === call.signal.reason && !signal.aborted;
    call.abort(error);
    // Only the end mark was late.
    if (late && answer?.finished) return answer.end();
    throw error;
  } finally {
    deadline.stop();
    signal.removeEventListener('abort', stop);
  }
}

async function ask(
  target: ChatTarget,
  request: ModelRequest,
  apiKey: string | undefined,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'text/event-stream', ...target.headers };
  if (apiKey) headers['authorization'] = `Bearer ${apiKey}`;
  const url = request.prefix ? prefixUrl(target.url, target.prefix) : target.url;
  try {
    signal.throwIfAborted();
    return await target.post({ url, headers, body: requestBody(request, target.model, target.prefix), signal });
  } catch (cause) {
    throw broken(target, `could not be reached at ${new URL(url).origin}`, cause, signal, secrets);
  }
}

async function read(
  target: ChatTarget,
  http: HttpAnswer,
  answer: Answer,
  sink: ModelSink,
  deadline: Deadline,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<ModelEnd> {
  const decoder = new TextDecoder();
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: (event) => answer.take(event.data),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw tooLong(target);
    },
  });
  const packets = http.body[Symbol.asyncIterator]();
  for (;;) {
    const packet = await pull(target, packets, answer, secrets, signal);
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
  target: ChatTarget,
  packets: AsyncIterator<Uint8Array>,
  answer: Answer,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array>> {
  try {
    signal.throwIfAborted();
    return await packets.next();
  } catch (cause) {
    if (answer.finished && !signal.aborted) return { done: true, value: undefined };
    throw broken(target, 'broke off in the middle of its answer', cause, signal, secrets);
  }
}

async function refused(target: ChatTarget, http: HttpAnswer, secrets: readonly string[], signal: AbortSignal): Promise<OpenClawError> {
  const body = encodingOf(http) ? '' : await whole(http, signal);
  const { status, headers } = http;
  return statusFailure({ provider: target.provider, model: target.model, status, headers, body, secrets, wallMs: target.clock.wall() });
}

/** No encoding is asked for, but some proxies compress all the same. */
function checkEncoding(target: ChatTarget, http: HttpAnswer): void {
  const encoding = encodingOf(http);
  if (encoding === undefined) return;
  const message = `The provider "${target.provider}" answered in the content encoding "${encoding}", which was not asked for. Turn compression off there, or in the proxy before it.`;
  throw new OpenClawError('PROVIDER_MALFORMED', message);
}

function encodingOf(http: HttpAnswer): string | undefined {
  const encoding = String(http.headers['content-encoding'] ?? '').trim();
  return encoding === '' || encoding.toLowerCase() === 'identity' ? undefined : encoding;
}

/** A success that is no stream: an error in disguise, or the wrong address. */
async function checkType(target: ChatTarget, http: HttpAnswer, secrets: readonly string[], signal: AbortSignal): Promise<void> {
  const type = String(http.headers['content-type'] ?? '');
  if (!/json|html/.test(type) || /event-stream|ndjson/.test(type)) return;
  const said = providerMessage(await whole(http, signal), secrets);
  const message = `The provider "${target.provider}" answered ${type} instead of an event stream: ${said}. Check that its baseUrl is that of an OpenAI-compatible API.`;
  throw new OpenClawError('PROVIDER_MALFORMED', message);
}

/** The body of an answer that is not streamed, as far as it is of interest. A connection that breaks in it changes nothing. */
async function whole(http: HttpAnswer, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const packet of http.body) {
      text += decoder.decode(packet, { stream: true });
      if (text.length > MAX_ERROR_LENGTH) break;
    }
  } catch {
    if (signal.aborted) throw signal.reason;
  }
  return text;
}

function broken(target: ChatTarget, what: string, cause: unknown, signal: AbortSignal, secrets: readonly string[]): unknown {
  if (signal.aborted) return signal.reason;
  const why = tidy(causeText(cause), secrets);
  return new OpenClawError('PROVIDER_FAILED', `The provider "${target.provider}" ${what}: ${why}. Check that it runs, then try again.`, {
    cause,
  });
}

/** Where all addresses of a host failed, Node says so in an error without a message. */
function causeText(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(causeText).join('; ');
  return cause instanceof Error ? cause.message : String(cause);
}

function tooLong({ provider }: ChatTarget): OpenClawError {
  return new OpenClawError('PROVIDER_MALFORMED', `The provider "${provider}" sent a line over 16 MiB. Ask for less in one answer.`);
}

function tooLate(target: ChatTarget, late: Lateness): OpenClawError {
  const { provider, totalMs, firstChunkMs, betweenChunksMs } = target;
  const what = {
    total: `did not end its answer within ${totalMs} ms (timeouts.totalMs)`,
    'first chunk': `sent no content within ${firstChunkMs} ms (timeouts.firstChunkMs)`,
    'end mark': 'did not end its answer',
    'between chunks': `sent no more content for ${betweenChunksMs} ms (timeouts.betweenChunksMs)`,
  }[late];
  return new OpenClawError('PROVIDER_TIMEOUT', `The provider "${provider}" ${what}. Try again, or raise the time-out.`);
}
