import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAnswering } from './answering.ts';
import { createLedger, type LedgerEntry } from './ledger.ts';
import type { Stats } from './replay.ts';
import { json, readJson, refuse } from './reply.ts';
import { loadStreams, OWN_STREAMS } from './streams.ts';
import { ANTHROPIC } from './wires/anthropic.ts';
import { CHAT } from './wires/chat.ts';
import { RESPONSES } from './wires/responses.ts';
import type { Body, Wire } from './wires/wire.ts';

export interface ProviderOptions {
  /** A folder of `openai-chat.NAME.jsonl`, `anthropic.NAME.jsonl` and `openai-responses.NAME.jsonl`; the project's own by default. */
  readonly dir?: string;
  /** Every request's text differs in every token, whatever its model string says. */
  readonly vary?: boolean;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** A request as it came; one without a body has an empty one. */
export interface Seen {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Body;
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
const WIRES = [CHAT, ANTHROPIC, RESPONSES];

/** A provider on 127.0.0.1 that replays streams and misbehaves as each request's model string asks. */
export async function startProvider(options: ProviderOptions = {}): Promise<TestProvider> {
  const dir = options.dir ?? OWN_STREAMS;
  const streams = new Map(WIRES.map((wire) => [wire, loadStreams(dir, wire.name)] as const));
  const ledger = createLedger();
  const stats: Stats = { requests: 0, chunks: 0, finished: 0, clientAborted: 0, faults: 0, cancelled: 0, open: 0 };
  const answering = createAnswering(streams, options.vary ?? false, ledger, stats);
  let seen: Seen[] = [];
  let connections = 0;

  const reset = (): void => {
    Object.assign(stats, { requests: 0, chunks: 0, finished: 0, clientAborted: 0, faults: 0, cancelled: 0 });
    seen = [];
    answering.reset();
    ledger.reset();
  };

  const note = (request: IncomingMessage, body: Body): void => {
    stats.requests++;
    seen.push({ path: request.url ?? '', headers: request.headers, body });
    if (seen.length > REQUESTS_KEPT) seen.shift();
  };

  const serve = (response: ServerResponse, work: () => Promise<void>): void => {
    stats.open++;
    work()
      .catch(() => response.destroy())
      .finally(() => stats.open--);
  };

  const ask = async (wire: Wire, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readJson(request);
    if (body === undefined) return refuse(response, wire, 400, 'The body is not JSON.', 'invalid_json');
    note(request, body);
    serve(response, () => answering.ask(wire, body, response));
  };

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider');
    const route = `${request.method} ${pathname}`;
    const wire = WIRES.find(({ path }) => route === `POST ${path}`);
    const [, id, deed] = /^\/v1\/responses\/([^/]+)(\/cancel)?$/.exec(pathname) ?? [];
    if (wire) ask(wire, request, response).catch(() => response.destroy());
    else if (id && !deed && request.method === 'GET') {
      note(request, {});
      serve(response, () => answering.again(id, searchParams, response));
    } else if (id && deed && request.method === 'POST') {
      note(request, {});
      answering.cancel(id, response);
    } else if (route === 'GET /v1/models') {
      const ids = new Set([...streams.values()].flatMap((byName) => [...byName.keys()]));
      json(response, { object: 'list', data: [...ids].map((id) => ({ id, object: 'model' })) });
    } else if (route === 'GET /stats') json(response, stats);
    else if (route === 'GET /requests') json(response, seen);
    else if (route === 'GET /ledger') json(response, ledger.entries());
    else if (route === 'POST /reset') {
      reset();
      json(response, {});
    } else refuse(response, CHAT, 404, `There is nothing at ${route}.`, 'not_found');
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
