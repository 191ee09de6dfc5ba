import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isFaulty, type Options, parseModel } from './options.ts';

/** How one API is spoken. */
export interface Dialect {
  /** The model that a request asks for; `undefined` for what is no question. */
  modelOf(path: string, body: Json): string | undefined;
  readonly contentType: string;
  /** One chunk as it goes over the wire. */
  frame(line: string): string;
  /** A line that is no chunk. */
  readonly junk: string;
  /** What is said while nothing is said; '' where the API has nothing of that kind. */
  readonly ping: string;
  refusal(status: number, message: string): Json;
  /** Other answers, to a GET. */
  other(path: string, models: readonly string[]): Json | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** A request as it came. */
export interface SdkSeen {
  readonly path: string;
  readonly model: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Json;
}

export interface SdkProvider extends AsyncDisposable {
  /** Without a path: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Streams by model name. */
  readonly streams: ReadonlyMap<string, readonly string[]>;
  readonly requests: () => readonly SdkSeen[];
  /** Answers whose sockets the client closed before their end. */
  readonly aborted: () => number;
  /** TCP connections accepted so far. */
  readonly connections: () => number;
  /** Chunks written so far. */
  readonly chunks: () => number;
  close(): Promise<void>;
}

/** The project's own streams of one shape (`gemini`, `ollama`), by name. */
export function loadSdkStreams(shape: string): ReadonlyMap<string, readonly string[]> {
  const folder = fileURLToPath(new URL('./streams', import.meta.url));
  const files = readdirSync(folder).filter((file) => file.startsWith(`${shape}.`) && file.endsWith('.jsonl'));
  return new Map(
    files.toSorted().map((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').split('\n');
      return [file.slice(shape.length + 1, -'.jsonl'.length), lines.filter(Boolean)];
    }),
  );
}

/** A provider on 127.0.0.1 that replays streams in its dialect and misbehaves as each request's model string asks (`options.ts`). */
export async function startSdkProvider(
  dialect: Dialect,
  streams: ReadonlyMap<string, readonly string[]>,
  onChunk: () => void = () => {},
): Promise<SdkProvider> {
  const strikes = new Map<string, number>();
  const seen: SdkSeen[] = [];
  const counts = { aborted: 0, connections: 0, chunks: 0 };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    const body = await readJson(request);
    const model = dialect.modelOf(path, body);
    if (model === undefined) return refuse(response, dialect, 404, `There is nothing at ${path}.`);
    seen.push({ path, model, headers: request.headers, body });
    const { name, options } = parseModel(model);
    const lines = streams.get(name);
    if (lines === undefined) return refuse(response, dialect, 404, `model '${model}' not found`);
    const struck = strikes.get(model) ?? 0;
    const faulty = isFaulty(options) && struck < options.times;
    if (faulty) strikes.set(model, struck + 1);
    if (faulty && options.status !== undefined) {
      return refuse(response, dialect, options.status, `Status ${options.status}, as asked.`, options.retry);
    }
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) counts.aborted++;
      gone.abort();
    });
    await pause(options.ttft, gone.signal);
    await play(response, dialect, lines, options, faulty, gone.signal, () => {
      counts.chunks++;
      onChunk();
    });
  };

  const server = createServer((request, response) => {
    const other = request.method === 'GET' ? dialect.other(request.url ?? '', [...streams.keys()]) : undefined;
    if (other) response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(other));
    else answer(request, response).catch(() => response.destroy());
  });
  server.on('connection', () => counts.connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const close = async (): Promise<void> => {
    const done = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await done;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    streams,
    requests: () => seen,
    aborted: () => counts.aborted,
    connections: () => counts.connections,
    chunks: () => counts.chunks,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function play(
  response: ServerResponse,
  dialect: Dialect,
  lines: readonly string[],
  options: Options,
  faulty: boolean,
  gone: AbortSignal,
  sent: () => void,
): Promise<void> {
  response.writeHead(200, { 'content-type': dialect.contentType });
  response.flushHeaders();
  for (const [i, line] of lines.entries()) {
    if (gone.aborted) return;
    if (faulty && i === options.cut) {
      // What was written before arrives, then the socket dies.
      await sleep(10);
      response.destroy();
      return;
    }
    if (faulty && i === options.stall) return silence(response, dialect, options.drip, gone);
    if (i === options.junk) await put(response, dialect.junk, options.split, gone);
    sent();
    await put(response, dialect.frame(line), options.split, gone);
    if (options.gap > 0 && (i + 1) % options.burst === 0) await pause(options.gap, gone);
  }
  response.end();
}

async function put(response: ServerResponse, text: string, split: number, gone: AbortSignal): Promise<void> {
  const bytes = Buffer.from(text);
  const size = split === 0 ? bytes.length : split;
  for (let i = 0; i < bytes.length && !gone.aborted; i += size) {
    if (!response.write(bytes.subarray(i, i + size))) {
      await new Promise<void>((resolve) => {
        response.once('drain', resolve);
        gone.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    // A turn of the event loop between two writes makes them two packets.
    if (split > 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Nothing more, or pings only, until the client goes. */
async function silence(response: ServerResponse, { ping }: Dialect, dripMs: number | undefined, gone: AbortSignal): Promise<void> {
  while (!gone.aborted) {
    if (dripMs !== undefined && ping !== '') response.write(ping);
    await pause(Math.max(dripMs ?? 60_000, 1), gone);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {});
}

async function readJson(request: IncomingMessage): Promise<Json> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as Json;
  } catch {
    return {};
  }
}

function refuse(response: ServerResponse, dialect: Dialect, status: number, message: string, retryAfter?: string): void {
  const headers = { 'content-type': 'application/json', ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) };
  response.writeHead(status, headers).end(JSON.stringify(dialect.refusal(status, message)));
}
