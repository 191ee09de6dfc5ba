import { seededRandom } from '@openclaw-runtime/kit';

/** One request to a provider that misbehaves. */
export interface UpstreamCase {
  readonly n: number;
  readonly prompt: string;
  /** The model's name with what the provider is to do; no two cases share one, so that each has strikes and a circuit of its own. */
  readonly model: string;
  /** Whether the provider goes on from given text. */
  readonly prefix: boolean;
  /** What strikes goes away after a few requests, so that the run has to complete. */
  readonly passes: boolean;
}

const STREAMS = ['text', 'unicode', 'reasoning', 'usage-last', 'length'] as const;
const STATUSES = [429, 500, 502, 503, 529] as const;

/** A pure function of seed and number. */
export function planUpstream(seed: number, n: number): UpstreamCase {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b));
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const oneOf = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const prefix = below(2) === 0;
  const query: string[] = [`case=${n}`];
  const add = (name: string, value: number | string): void => void query.push(`${name}=${value}`);

  if (below(3) === 0) add('split', 1 + below(64));
  if (below(3) === 0) add('ttft', below(120));
  if (below(2) === 0) add('gap', 1 + below(8));
  if (below(4) === 0) add('burst', 1 + below(6));
  if (!prefix && below(2) === 0) add('vary', 1);
  let passes = true;
  const fault = below(10);
  if (fault <= 2) {
    add('status', oneOf(STATUSES));
    if (below(3) === 0) add('retry', oneOf(['0', '0.1', '1']));
  } else if (fault <= 5) add('cut', below(30));
  else if (fault <= 6) add('stall', below(30));
  else if (fault === 7) {
    add('drip', 5 + below(50));
    add('stall', below(30));
  } else if (fault === 8) {
    add('junk', below(20));
    passes = false;
  }
  if (below(60) === 0) {
    add('bigtoken', 10_000_000);
    passes = false;
  }
  const strikes = below(5) === 0 ? 0 : 1 + below(2);
  if (fault <= 7 && strikes > 0) add('times', strikes);
  else if (fault <= 7) passes = false;
  return { n, prompt: `upstream ${n}`, model: `${oneOf(STREAMS)}?${query.join('&')}`, prefix, passes };
}
