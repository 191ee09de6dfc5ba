import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Chunk, continued, varied, wholeText, withBigToken } from './chunks.ts';
import { createLedger, type LedgerEntry } from './ledger.ts';
import { isFaulty, parseModel } from './options.ts';
import { pause, replay, type Stats } from './replay.ts';
import { loadStreams, OWN_STREAMS, parseLines } from './streams.ts';

export interface ProviderOptions {
  /** A folder of `openai-chat.NAME.jsonl`; the project's own by default. */
  readonly dir?: string;
  /** Or the streams themselves: lines by model name. */
  readonly streams?: ReadonlyMap<string, readonly string[]>;
  /** Every request's text differs in every token, whatever its model string says. */
  readonly vary?: boolean;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** A request as it came. */
export interface Seen {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: ChatBody;
}

export interface ChatBody {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly { readonly role: string; readonly content?: unknown; readonly [field: string]: unknown }[];
  readonly [field: string]: unknown;
}

export interface TestProvider extends AsyncDisposable {
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly stats: () => Readonly<Stats>;
  /** The last 200. */
  readonly requests: () => readonly Seen[];
  readonly ledger: () => readonly LedgerEntry[];
  /** TCP connections accepted so far. */
  readonly connections: () => number;
  reset(): void;
  close(): Promise<void>;
}

const REQUESTS_KEPT = 200;

/** An OpenAI-compatible provider on 127.0.0.1 that replays streams and misbehaves as each request's model string asks. */
export async function startProvider(options: ProviderOptions = {}): Promise<TestProvider> {
  const streams = options.streams ?? loadStreams(options.dir ?? OWN_STREAMS);
  const ledger = createLedger();
  const strikes = new Map<string, number>();
  const stats: Stats = { requests: 0, chunks: 0, finished: 0, clientAborted: 0, faults: 0, open: 0 };
  let seen: Seen[] = [];
  let connections = 0;

  const reset = (): void => {
    Object.assign(stats, { requests: 0, chunks: 0, finished: 0, clientAborted: 0, faults: 0 });
    seen = [];
    strikes.clear();
    ledger.reset();
  };

  const complete = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readJson(request);
    if (body === undefined) return refuse(response, 400, 'The body is not JSON.', 'invalid_json');
    stats.requests++;
    seen.push({ path: request.url ?? '', headers: request.headers, body });
    if (seen.length > REQUESTS_KEPT) seen.shift();
    stats.open++;
    try {
      await answer(response, body);
    } finally {
      stats.open--;
    }
  };

  const answer = async (response: ServerResponse, body: ChatBody): Promise<void> => {
    const model = body.model ?? '';
    const { name, options: asked } = parseModel(model);
    const lines = streams.get(name);
    if (lines === undefined) return refuse(response, 404, `There is no model '${model}' here.`, 'model_not_found');

    const struck = strikes.get(model) ?? 0;
    const faulty = isFaulty(asked) && struck < asked.times;
    if (faulty) {
      strikes.set(model, struck + 1);
      stats.faults++;
    }
    if (faulty && asked.status !== undefined) {
      return refuse(response, asked.status, `Status ${asked.status}, as asked.`, null, asked.retry);
    }

    const nonce = options.vary || asked.vary ? randomBytes(3).toString('hex') : undefined;
    const prefix = prefixOf(body);
    const original = parseLines(lines);
    let chunks: readonly Chunk[] = asked.bigtoken > 0 ? withBigToken(original, asked.bigtoken) : original;
    if (nonce !== undefined) chunks = varied(chunks, nonce);
    const goesOn = prefix !== '' && nonce === undefined && wholeText(chunks).startsWith(prefix);
    if (goesOn) chunks = continued(chunks, prefix);

    const known = { model, prompt: promptOf(body), prefix, continued: goesOn, full: wholeText(chunks) };
    const entry = ledger.open(nonce === undefined ? known : { ...known, nonce });
    const gone = closed(response);
    await pause(asked.ttft, gone);
    if (body.stream !== true) {
      entry.sent = entry.full;
      entry.status = 'finished';
      stats.finished++;
      return json(response, wholeAnswer(name, chunks));
    }
    const sent = chunks === original ? lines : chunks.map((chunk) => JSON.stringify(chunk));
    await replay(response, { chunks, lines: sent, options: asked, faulty, entry, stats, gone });
  };

  const server = createServer((request, response) => {
    const route = `${request.method} ${request.url}`;
    if (route === 'POST /v1/chat/completions') complete(request, response).catch(() => response.destroy());
    else if (route === 'GET /v1/models')
      json(response, { object: 'list', data: [...streams.keys()].map((id) => ({ id, object: 'model' })) });
    else if (route === 'GET /stats') json(response, stats);
    else if (route === 'GET /requests') json(response, seen);
    else if (route === 'GET /ledger') json(response, ledger.entries());
    else if (route === 'POST /reset') {
      reset();
      json(response, {});
    } else refuse(response, 404, `There is nothing at ${route}.`, 'not_found');
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });

  const close = async (): Promise<void> => {
    const done = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await done;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stats: () => ({ ...stats }),
    requests: () => seen,
    ledger: ledger.entries,
    connections: () => connections,
    reset,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readJson(request: IncomingMessage): Promise<ChatBody | undefined> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as ChatBody;
  } catch {
    return undefined;
  }
}

function promptOf({ messages }: ChatBody): string {
  return flat(messages?.findLast((message) => message.role === 'user')?.content);
}

function prefixOf({ messages }: ChatBody): string {
  const last = messages?.at(-1);
  return last?.role === 'assistant' ? flat(last.content) : '';
}

/** Content is a text, or a list of parts. */
function flat(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((part: { readonly text?: string }) => part.text ?? '').join('') : '';
}

function closed(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

function wholeAnswer(model: string, chunks: readonly Chunk[]): unknown {
  const message = { role: 'assistant', content: wholeText(chunks) };
  const usage = chunks.findLast((chunk) => chunk.usage)?.usage;
  return { id: 'chatcmpl-0', object: 'chat.completion', created: 0, model, choices: [{ index: 0, message, finish_reason: 'stop' }], usage };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, message: string, code: string | null, retryAfter?: string): void {
  const headers = { 'content-type': 'application/json', ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) };
  response.writeHead(status, headers).end(JSON.stringify({ error: { message, type: 'test_provider', code } }));
}
