import { OpenClawError } from '@openclaw-runtime/protocol';
import { orAbort } from '../call/or-abort.ts';
import type { Speech } from '../call/speech.ts';
import type { HttpAnswer, HttpSend } from '../http/port.ts';

/** What a call has to say of the requests that an SDK makes for it. */
export interface Wire {
  readonly speech: Speech;
  /** As that of the sink: nothing is read from the socket while it is defined. */
  full(): Promise<void> | undefined;
  /** The call fails with this, whatever the SDK makes of it. */
  failed(error: unknown): void;
  /** The body that is sent in place of the SDK's. */
  amended?(body: string): string;
}

/** Looks at an answer as it comes, for what the SDK would pass over in silence. */
export interface Guard {
  take(packet: Uint8Array): Verdict;
  /** The body has ended. Throws when the answer is not whole. */
  end(): void;
}

export interface Verdict {
  /** As much of the packet as the SDK may see. */
  readonly pass: Uint8Array;
  /** What was wrong with the rest of it. */
  readonly error?: OpenClawError;
  /** The answer is whole, whatever may follow. */
  readonly done?: boolean;
}

/** The way of an SDK's requests: through our pool of sockets, at the pace of the call they are made for. */
export interface Wires {
  readonly fetch: typeof globalThis.fetch;
  /** Requests with this signal are made for this call. */
  tie(signal: AbortSignal, wire: Wire): void;
}

const MAX_ERROR_LENGTH = 64 * 1024;
/** Statuses whose answers have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

export function createWires(send: HttpSend, createGuard: (speech: Speech) => Guard): Wires {
  const wires = new WeakMap<AbortSignal, Wire>();
  const never = new AbortController().signal;

  return {
    tie: (signal, wire) => wires.set(signal, wire),
    async fetch(input, init) {
      const signal = init?.signal ?? never;
      const wire = wires.get(signal);
      const request = new Request(input, init);
      const http = await reach(send, request, signal, wire);
      const ok = http.status >= 200 && http.status < 300;
      if (ok && wire) await checkAnswer(http, wire);
      const guard = ok && wire ? createGuard(wire.speech) : limit(MAX_ERROR_LENGTH);
      const body = BODILESS.has(http.status) ? null : bodyOf(http, guard, signal, wire);
      return new Response(body, { status: http.status, headers: headersOf(http) });
    },
  };
}

async function reach(send: HttpSend, request: Request, signal: AbortSignal, wire: Wire | undefined): Promise<HttpAnswer> {
  const method = request.method === 'GET' ? 'GET' : 'POST';
  const { url } = request;
  const written = await request.text();
  const body = wire?.amended && written !== '' ? wire.amended(written) : written;
  try {
    signal.throwIfAborted();
    return await send({ method, url, headers: Object.fromEntries(request.headers), ...(body === '' ? {} : { body }), signal });
  } catch (cause) {
    if (signal.aborted || !wire) throw cause;
    throw lost(wire, wire.speech.broken(`could not be reached at ${new URL(url).origin}`, cause));
  }
}

async function checkAnswer({ headers, body }: HttpAnswer, wire: Wire): Promise<void> {
  const encoding = String(headers['content-encoding'] ?? 'identity').trim();
  const type = String(headers['content-type'] ?? '');
  const isPage = /html/.test(type);
  if (encoding === 'identity' && !isPage) return;
  await body[Symbol.asyncIterator]().return?.();
  const what = isPage ? `answered ${type}, a page for people` : `answered in the content encoding "${encoding}", which was not asked for`;
  const advice = isPage ? 'Check its baseUrl.' : 'Turn compression off there, or in the proxy before it.';
  throw lost(wire, wire.speech.failed(what, 'PROVIDER_MALFORMED', advice));
}

/**
 * The body as a stream that never fails for a call that is known: that call hears of it, and the stream ends. A stream that fails while
 * it is being cancelled leaves a rejection that nobody handles in some SDKs.
 */
function bodyOf(http: HttpAnswer, guard: Guard, signal: AbortSignal, wire: Wire | undefined): ReadableStream<Uint8Array> {
  const packets = http.body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const full = wire?.full();
          if (full) await orAbort(full, signal);
          const packet = await packets.next();
          if (packet.done) {
            guard.end();
            return controller.close();
          }
          const { pass, error, done = false } = guard.take(packet.value);
          if (pass.length > 0) controller.enqueue(pass);
          if (error) throw error;
          if (!done) return;
          await packets.return?.();
          controller.close();
        } catch (error) {
          if (!wire) return controller.error(error);
          const known = error instanceof OpenClawError;
          if (!signal.aborted) wire.failed(known ? error : wire.speech.broken('broke off in the middle of its answer', error));
          controller.close();
        }
      },
      async cancel() {
        await packets.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function lost(wire: Wire, error: unknown): unknown {
  wire.failed(error);
  return error;
}

/** Ends an answer that nobody reads to its end. */
function limit(maxBytes: number): Guard {
  let left = maxBytes;
  return {
    take(pass) {
      left -= pass.length;
      return { pass, done: left <= 0 };
    },
    end() {},
  };
}

function headersOf({ headers }: HttpAnswer): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) for (const each of [value ?? []].flat()) all.append(name, each);
  return all;
}
