// What counting costs per token, as JSON: a run's records with their meter, less the same without it.
//   node --conditions=openclaw-source bench/metrics.ts
import { performance } from 'node:perf_hooks';
import { systemClock } from '@openclaw-runtime/kit';
import { createMonitor } from '@openclaw-runtime/metrics';
import { encodeRecord } from '@openclaw-runtime/protocol';
import type { EngineMeter, Lease, RunKey } from '@openclaw-runtime/store';
import { percentile, round } from './percentile.ts';

const RECORDS = 50;
const ROUNDS = 80;
/** Runs whose text is in one group of the store. */
const AT_ONCE = 100;

const results: Record<string, unknown> = {};
for (const tokens of [1, 4, 20]) {
  const measured = createMonitor({
    known: { agents: ['default'], models: ['simulated'], codes: [] },
    clock: systemClock,
    alerts: { thresholds: { latencyP99Ms: 500, errorRate: 0.01, threadPoolUtilization: 0.9 }, windowMs: 300_000, forMs: 60_000 },
    onAlert: () => undefined,
  });
  const nanos: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const plain = leases();
    const metered = leases(measured.engine);
    const [a, b] =
      round % 2 === 0 ? [time(plain), time(metered, measured.engine)] : [time(metered, measured.engine), time(plain)].toReversed();
    nanos.push((((b as number) - (a as number)) * 1e6) / (AT_ONCE * RECORDS * tokens));
  }
  const warm = nanos.slice(ROUNDS / 4);
  results[`${tokens} tokens a record`] = { p50NanosPerToken: round(percentile(warm, 0.5)), p90NanosPerToken: round(percentile(warm, 0.9)) };

  /** Each run says its records in turn; each round of turns is one group. */
  function time(runs: readonly Lease[], engine?: EngineMeter): number {
    const texts = Array.from({ length: RECORDS * AT_ONCE }, () => [record(tokens)]);
    // What the store does with each text makes it flat.
    let chars = 0;
    for (const [text] of texts) chars += text?.charCodeAt(3) ?? 0;
    const began = performance.now();
    for (let turn = 0; turn < RECORDS; turn++) {
      for (let at = 0; at < AT_ONCE; at++) (runs[at] as Lease).append(texts[turn * AT_ONCE + at] as string[], 'process');
      engine?.left(chars);
      engine?.kept(1);
    }
    return performance.now() - began;
  }
}
process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);

function record(tokens: number): string {
  const words = Array.from({ length: tokens }, (_, at) => `word${at} `);
  return encodeRecord(
    'text',
    1,
    1,
    words.join(''),
    words.map(({ length }) => length),
  );
}

function leases(meter?: EngineMeter): readonly Lease[] {
  return Array.from({ length: AT_ONCE }, () => {
    const lease = silentLease(meter);
    lease.append([encodeRecord('step.started', 1, 1, { model: 'simulated' })], 'process');
    return lease;
  });
}

/** Tells its meter what a store's lease does. */
function silentLease(meter?: EngineMeter): Lease {
  let chars = 0;
  const head = { epoch: 1, seq: 1, h: 0, done: false };
  const creation = `["run.created",0,0,{"agent":"default","input":"x","at":${Date.now()},"fingerprint":"f"}]`;
  const heard = meter?.leased?.({ creation, head });
  return {
    key: 'default/run' as RunKey,
    head,
    creation,
    commands: [],
    append(records) {
      for (const text of records) chars += text.length;
      heard?.appended(records);
    },
    settled: () => Promise.resolve(),
    full: () => undefined,
    incoming: () => undefined,
    handled: () => undefined,
    saveReplay: () => undefined,
    show: () => undefined,
    park: () => undefined,
  };
}
