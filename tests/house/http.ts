import { type IncomingMessage, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export interface HttpOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

/** One request by node:http, its answer as JSON. */
export async function fetchJson(url: string, options: HttpOptions = {}): Promise<Answer> {
  const response = await send(url, options);
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part as string;
  return { status: response.statusCode ?? 0, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

export interface ServerEvent {
  readonly id?: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export interface EventStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: readonly ServerEvent[];
}

/** Server-sent events to the stream's end, or until `enough` says so of one. */
export async function fetchEvents(url: string, options: HttpOptions = {}, enough?: (event: ServerEvent) => boolean): Promise<EventStream> {
  const headers = { accept: 'text/event-stream', ...options.headers };
  const response = await send(url, { ...options, headers });
  const events: ServerEvent[] = [];
  let rest = '';
  reading: for await (const part of response.setEncoding('utf8')) {
    const blocks = (rest + (part as string)).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseBlock(block);
      if (!event) continue;
      events.push(event);
      if (enough?.(event)) break reading;
    }
  }
  return { status: response.statusCode ?? 0, headers: response.headers, events };
}

function send(url: string, { method = 'GET', headers = {}, json }: HttpOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const sent = request(url, { method, headers, agent: false }, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
}

function parseBlock(block: string): ServerEvent | undefined {
  const fields = new Map(
    block
      .split('\n')
      .flatMap((line) => (/^[a-z]+: /.test(line) ? [[line.slice(0, line.indexOf(':')), line.slice(line.indexOf(': ') + 2)]] : [])) as [
      string,
      string,
    ][],
  );
  const id = fields.get('id');
  const event = fields.get('event');
  if (event === undefined) return undefined;
  return { ...(id === undefined ? {} : { id }), event, data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown> };
}
