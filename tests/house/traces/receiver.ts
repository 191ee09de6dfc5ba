/** What a collector of OpenTelemetry does with OTLP over HTTP: takes `POST /v1/traces` with JSON, and keeps the spans. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  readonly resource: Readonly<Record<string, unknown>>;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly { readonly headers: IncomingHttpHeaders; readonly text: string }[];
  /** The spans of a run, when there are as many. */
  of(run: string, least: number): Promise<readonly ReceivedSpan[]>;
}

type Values = readonly { readonly key: string; readonly value: Value }[];
interface Value {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly Value[] };
}
interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: Values };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}
type RawSpan = Omit<ReceivedSpan, 'attributes' | 'events' | 'startMs' | 'endMs' | 'resource'> & {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Values;
  readonly events: readonly { readonly name: string; readonly attributes: Values }[];
};

const WAIT_MS = 15_000;

export async function startReceiver(): Promise<Receiver> {
  const spans: ReceivedSpan[] = [];
  const requests: { headers: IncomingHttpHeaders; text: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      if (request.url !== '/v1/traces' || request.method !== 'POST') return void response.writeHead(404).end();
      requests.push({ headers: request.headers, text });
      for (const { resource, scopeSpans } of (JSON.parse(text) as Exported).resourceSpans)
        for (const raw of scopeSpans.flatMap((scope) => scope.spans)) spans.push(spanOf(raw, valuesOf(resource.attributes)));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    async of(run, least) {
      const endMs = performance.now() + WAIT_MS;
      for (;;) {
        const found = spans.filter((span) => span.attributes['openclaw.run'] === run);
        if (found.length >= least) return found;
        if (performance.now() > endMs) throw new Error(`${found.length} spans of ${run}: ${JSON.stringify(found.map(({ name }) => name))}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function spanOf(
  { startTimeUnixNano, endTimeUnixNano, attributes, events, ...rest }: RawSpan,
  resource: ReceivedSpan['resource'],
): ReceivedSpan {
  return {
    ...rest,
    startMs: Number(BigInt(startTimeUnixNano) / 1_000_000n),
    endMs: Number(BigInt(endTimeUnixNano) / 1_000_000n),
    attributes: valuesOf(attributes),
    events: events.map((event) => ({ name: event.name, attributes: valuesOf(event.attributes) })),
    resource,
  };
}

function valuesOf(values: Values): Readonly<Record<string, unknown>> {
  return Object.fromEntries(values.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: Value): unknown {
  if (value.arrayValue) return value.arrayValue.values.map(plain);
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? (value.intValue === undefined ? undefined : Number(value.intValue));
}
