import type { HrTime, SpanContext } from '@opentelemetry/api';
import type { Attributes, EndedSpan, SpanEvent, SpanSink } from './span.ts';

export interface OtlpOptions {
  /** Where traces are posted, in full; absent: where the variables of OpenTelemetry say. */
  readonly url?: string | undefined;
  /** Asked for each post: they may be secrets. */
  readonly headers: () => Record<string, string>;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
  /** One line when spans begin to be lost, and one when they no longer are. */
  log(line: string): void;
}

/** Sends spans over OTLP (HTTP, JSON), many at a time. */
export interface Otlp {
  readonly send: SpanSink;
  /** Sends what is left; waits for it as long as {@link LAST_MS}. */
  close(): Promise<void>;
}

/** Spans that may wait; what comes then is lost, and nobody waits for that. */
const MOST_WAITING = 8_192;
const DELAY_MS = 1_000;
const TIMEOUT_MS = 5_000;
const LAST_MS = 2_000;

/** Loads OpenTelemetry's exporter. Nothing of it is loaded where nothing is traced. */
export async function openOtlp({ url, headers, service, log }: OtlpOptions): Promise<Otlp> {
  const [
    { createTraceState, SpanKind, SpanStatusCode, TraceFlags },
    { OTLPTraceExporter },
    { BatchSpanProcessor },
    { detectResources, envDetector, resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ ...(url !== undefined && { url }), headers: async () => headers(), timeoutMillis: TIMEOUT_MS });
  let isLosing = false;
  const said: typeof exporter.export = (spans, done) =>
    exporter.export(spans, (result) => {
      const failed = result.error !== undefined;
      if (failed !== isLosing) log(failed ? `traces cannot be sent, and are lost: ${reasonOf(result.error)}` : 'traces are sent again');
      isLosing = failed;
      // Whoever batches them would only say it again.
      done({ code: 0 });
    });
  const batches = new BatchSpanProcessor({
    exporter: { export: said, shutdown: () => exporter.shutdown(), forceFlush: () => exporter.forceFlush() },
    maxQueueSize: MOST_WAITING,
    scheduledDelayMillis: DELAY_MS,
    exportTimeoutMillis: 2 * TIMEOUT_MS,
  });
  const own = { 'service.name': service.name, 'service.version': service.version, 'service.instance.id': service.instance };
  // What the environment says of the service goes before what it is by itself.
  const resource = resourceFromAttributes(own).merge(detectResources({ detectors: [envDetector] }));
  const instrumentationScope = { name: 'openclaw-runtime', version: service.version };

  const contextOf = (traceId: string, spanId: string, state: string | undefined): SpanContext => ({
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  });
  const send = ({ name, kind, traceId, spanId, parentId, state, startMs, endMs, attributes, events, error }: EndedSpan): void => {
    const context = contextOf(traceId, spanId, state);
    batches.onEnd({
      name,
      kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
      spanContext: () => context,
      ...(parentId !== undefined && { parentSpanContext: contextOf(traceId, parentId, state) }),
      startTime: hrOf(startMs),
      endTime: hrOf(endMs),
      duration: hrOf(endMs - startMs),
      status: error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
      attributes: mutable(attributes),
      events: events.map(eventOf),
      links: [],
      ended: true,
      resource,
      instrumentationScope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    });
  };

  return {
    send,
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LAST_MS);
      });
      await Promise.race([batches.shutdown().catch(() => undefined), patience]);
      clearTimeout(timer);
    },
  };
}

function eventOf({ name, atMs, attributes }: SpanEvent) {
  return { name, time: hrOf(atMs), attributes: mutable(attributes) };
}

function mutable(attributes: Attributes): Record<string, string | number | boolean | string[]> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, typeof value === 'object' ? [...value] : value] as const),
  );
}

/** Seconds and nanoseconds. */
function hrOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

/** Without the address, which may hold a key. */
function reasonOf(error: Error | undefined): string {
  const { code } = (error ?? {}) as { readonly code?: string | number };
  return code === undefined ? (error?.message ?? 'no reason given') : String(code);
}
