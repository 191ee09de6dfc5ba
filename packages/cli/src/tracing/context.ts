import { hash } from 'node:crypto';
import type { RunRequest, TraceContext } from '@openclaw-runtime/protocol';
import { type RunKey, runKey, tenantOf } from '@openclaw-runtime/store';

/** A run's place in a trace. It follows from what the run was asked, so each of its owners comes to the same, and a trace goes on where a process died. */
export interface RunTrace {
  readonly traceId: string;
  /** Of the run's own span. */
  readonly spanId: string;
  readonly parentId?: string;
  readonly state?: string;
  readonly isSampled: boolean;
}

const SAMPLED = 1;
const IN_A_HEADER = /^[\x20-\x7e]+$/;

/** `sample`: the part, 0–1, of the runs that are traced where whoever asked does not say it; the runs of one task are traced together, or not at all. */
export function traceOf(key: RunKey, { trace, parent }: Pick<RunRequest, 'trace' | 'parent'>, sample: number): RunTrace {
  const tenant = tenantOf(key);
  const spanId = spanIdOf(key, 'run');
  const above = parent && spanIdOf(runKey(tenant, parent.run), 'run');
  const given = trace && parseTraceParent(trace);
  if (!given) {
    const traceId = hexOf(`trace ${parent ? runKey(tenant, parent.root) : key}`, 32);
    return { traceId, spanId, ...(above !== undefined && { parentId: above }), isSampled: isChosen(traceId, sample) };
  }
  const { traceId, spanId: caller, isSampled } = given;
  const { state } = trace;
  return { traceId, spanId, parentId: above ?? caller, ...(state !== undefined && IN_A_HEADER.test(state) && { state }), isSampled };
}

/** Of a part of a run, such as a step or a call of a tool. */
export function spanIdOf(key: RunKey, part: string): string {
  return hexOf(`${part}\n${key}`, 16);
}

/** What whoever is asked on behalf of a run is told. */
export function headersOf({ traceId, state, isSampled }: RunTrace, spanId: string): Readonly<Record<string, string>> {
  const traceparent = `00-${traceId}-${spanId}-0${isSampled ? SAMPLED : 0}`;
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}

/** `undefined` where it says nothing that can be gone on from. */
function parseTraceParent({
  parent,
}: TraceContext): { readonly traceId: string; readonly spanId: string; readonly isSampled: boolean } | undefined {
  const [, traceId = '', spanId = '', flags = ''] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(parent) ?? [];
  if (!/[1-9a-f]/.test(traceId) || !/[1-9a-f]/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** By the trace's id alone, as OpenTelemetry's own sampler does. */
function isChosen(traceId: string, sample: number): boolean {
  return Number.parseInt(traceId.slice(-12), 16) < sample * 2 ** 48;
}

function hexOf(text: string, chars: number): string {
  return hash('sha256', text, 'hex').slice(0, chars);
}
