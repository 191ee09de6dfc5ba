import type { TracingSettings } from './config.ts';
import type { ConfigPorts } from './ports.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';
import type { SecretAt } from './secrets.ts';

/** Nothing is traced unless the file, or a variable of OpenTelemetry, says where to. A problem is pushed to `problems`. */
export function resolveTracing(
  file: FileConfig['tracing'],
  { env }: Pick<ConfigPorts, 'env'>,
  secretAt: SecretAt,
  problems: Problem[],
): TracingSettings | undefined {
  const named = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (file && file.endpoint === undefined && !named)
    problems.push({ path: ['tracing', 'endpoint'], says: 'is missing. Set it, or OTEL_EXPORTER_OTLP_ENDPOINT.' });
  if ((file?.endpoint ?? named) === undefined || env['OTEL_SDK_DISABLED'] === 'true') return undefined;
  const headers = Object.entries(file?.headers ?? {}).map(
    ([name, value]) => [name, secretAt(value, ['tracing', 'headers', name])] as const,
  );
  return {
    ...(file?.endpoint !== undefined && { url: tracesUrl(file.endpoint) }),
    headers: Object.fromEntries(headers),
    sample: file?.sample ?? 1,
    content: file?.content ?? false,
    propagate: file?.propagate ?? ['providers', 'mcp'],
  };
}

/** A collector's address alone means its usual path. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  return url.pathname === '/' ? new URL('v1/traces', url).href : endpoint;
}
