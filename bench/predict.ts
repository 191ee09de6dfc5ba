// What a prediction costs, as JSON.
//   node --conditions=openclaw-source bench/predict.ts
import { performance } from 'node:perf_hooks';
import { ReasoningLevelPredictor } from '@openclaw-runtime/reasoning';
import { percentile } from './percentile.ts';

const SENTENCE =
  'A train leaves the station at 9:40 and travels 180 km at 72 km/h; another one leaves 25 minutes later on the same track. Where does it catch up, if it is a third faster? ';
const MIXED = `${SENTENCE}請證明這個結論,並且說明每個步驟。`;

const predictor = new ReasoningLevelPredictor({ model: 'builtin' });
const results: Record<string, unknown> = {};
results.coldMs = timed(() => predictor.predict({ query: 'hi' })) / 1000;
for (const [name, length, rounds] of [
  ['350 characters', 350, 100_000],
  ['1,000 characters', 1000, 50_000],
  ['10,000 characters', 10_000, 5000],
  ['1,000,000 characters', 1_000_000, 2000],
] as const) {
  const queries = Array.from({ length: 50 }, (_, at) =>
    flat((at % 5 === 0 ? MIXED : `${at} ${SENTENCE}`).repeat(Math.ceil(length / 100)).slice(0, length)),
  );
  let sum = 0;
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const query = queries[round % queries.length] ?? '';
    times.push(timed(() => (sum += predictor.predict({ query }).score)));
  }
  const warm = times.slice(rounds / 10);
  results[name] = { p50Us: percentile(warm, 0.5), p99Us: percentile(warm, 0.99), meanScore: sum / rounds };
}
console.log(JSON.stringify(results, undefined, 2));

/** In microseconds. */
function timed(work: () => void): number {
  const began = performance.now();
  work();
  return (performance.now() - began) * 1000;
}

/** A rope would be flattened by the first reader, whose time this is not. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}
