import { newId } from '@openclaw-runtime/kit';
import type { TraceHeaders } from '@openclaw-runtime/runtime';
import type { Store } from '@openclaw-runtime/store';
import type { Config, TracingSettings } from '../config/config.ts';
import type { HousePorts } from '../house/house.ts';
import { createContent } from './content.ts';
import { headersOf, spanIdOf, traceOf } from './context.ts';
import { createProviderOf } from './provider-of.ts';
import { tracedStore } from './traced-store.ts';

/** The house's traces. */
export interface Tracing extends AsyncDisposable {
  /** The store as runtime and gateway are to have it. */
  traced(store: Store): Store;
  /** Absent where nobody is to be told of the trace. */
  readonly headers?: TraceHeaders;
}

/** `undefined`, and nothing is loaded, where nothing is traced. `scrub` takes secrets out of what spans say. */
export async function openTracing(
  config: Config,
  { clock, random, log, version = '0' }: HousePorts,
  scrub: (text: string) => string,
): Promise<Tracing | undefined> {
  const { tracing } = config;
  if (!tracing) return undefined;
  const { openOtlp } = await import('../machine/otlp.ts');
  const { url, sample, content } = tracing;
  const headers = () => Object.fromEntries(Object.entries(tracing.headers).map(([name, secret]) => [name, secret.reveal()]));
  const service = { name: 'openclaw-runtime', version, instance: newId(random) };
  const otlp = await openOtlp({ url, headers, service, log: (line) => log(`claw: ${line}`) });
  const told = toldOf(tracing);
  const providerOf = createProviderOf(config);
  return {
    traced: (store) =>
      tracedStore(store, { sink: otlp.send, clock, sample, providerOf, ...(content && { content: createContent(scrub) }) }),
    ...(told && { headers: told }),
    [Symbol.asyncDispose]: () => otlp.close(),
  };
}

/** Who is told of the trace, and what. */
function toldOf({ propagate, sample }: TracingSettings): TraceHeaders | undefined {
  if (propagate.length === 0) return undefined;
  const isTold = (tool: string | undefined): boolean =>
    propagate.includes(tool === undefined ? 'providers' : tool === 'http.fetch' ? 'http' : 'mcp');
  return (key, asked, part, tool) => (isTold(tool) ? headersOf(traceOf(key, asked, sample), spanIdOf(key, part)) : undefined);
}
