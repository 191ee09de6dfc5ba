/** A query as a router's judge sees it: what the cheap and the strong option made of it, 0..1, and the router's score. */
export interface Routed {
  readonly weak: number;
  readonly strong: number;
  readonly score: number;
}

export interface Routing {
  /** Share of the gap between weak and strong that is recovered, averaged over the share of strong calls; random is .5. */
  readonly apgr: number;
  /** Share of strong calls that recovers half, and four fifths, of the gap. */
  readonly cpt50: number;
  readonly cpt80: number;
}

/** Thresholds at the deciles of the score: at each, queries at or above it go to the strong option (above it, for the last). */
export function routing(rows: readonly Routed[]): Routing {
  const scores = rows.map((row) => row.score).toSorted((a, b) => a - b);
  const points = Array.from({ length: 11 }, (_, decile) => {
    const threshold = quantile(scores, decile / 10);
    const isStrong = (row: Routed): boolean => (decile === 10 ? row.score > threshold : row.score >= threshold);
    return {
      share: average(rows.map((row) => Number(isStrong(row)))),
      accuracy: average(rows.map((row) => (isStrong(row) ? row.strong : row.weak))),
    };
  }).toSorted((a, b) => a.share - b.share || a.accuracy - b.accuracy);
  const weak = average(rows.map((row) => row.weak));
  const strong = average(rows.map((row) => row.strong));
  let area = 0;
  for (let at = 1; at < points.length; at += 1) {
    const left = points[at - 1]!;
    const right = points[at]!;
    area += ((right.share - left.share) * (left.accuracy + right.accuracy)) / 2;
  }
  return { apgr: (area - weak) / (strong - weak), cpt50: shareFor(0.5), cpt80: shareFor(0.8) };

  function shareFor(part: number): number {
    const wanted = weak + part * (strong - weak);
    for (let at = 1; at < points.length; at += 1) {
      const left = points[at - 1]!;
      const right = points[at]!;
      if (right.accuracy >= wanted && left.accuracy < wanted) {
        return left.share + ((right.share - left.share) * (wanted - left.accuracy)) / (right.accuracy - left.accuracy);
      }
    }
    return 1;
  }
}

export function quantile(sorted: readonly number[], part: number): number {
  const at = part * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * (sorted[Math.min(sorted.length - 1, low + 1)]! - sorted[low]!);
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** Rank correlation, ties at their middle rank. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const x = ranks(a);
  const y = ranks(b);
  const mx = average(x);
  const my = average(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let at = 0; at < x.length; at += 1) {
    xy += (x[at]! - mx) * (y[at]! - my);
    xx += (x[at]! - mx) ** 2;
    yy += (y[at]! - my) ** 2;
  }
  return xy / Math.sqrt(xx * yy || 1);
}

function ranks(values: readonly number[]): readonly number[] {
  const order = values.map((_, at) => at).toSorted((a, b) => values[a]! - values[b]!);
  const out = Array.from<number>({ length: values.length });
  for (let at = 0; at < order.length; ) {
    let end = at;
    while (end + 1 < order.length && values[order[end + 1]!] === values[order[at]!]) end += 1;
    for (let each = at; each <= end; each += 1) out[order[each]!] = (at + end) / 2;
    at = end + 1;
  }
  return out;
}

/** Expected calibration error over ten equal bins of predicted probability. */
export function calibrationError(rows: readonly { readonly predicted: number; readonly seen: number }[]): number {
  const bins = Array.from({ length: 10 }, () => ({ count: 0, predicted: 0, seen: 0 }));
  for (const { predicted, seen } of rows) {
    const bin = bins[Math.min(9, Math.floor(predicted * 10))]!;
    bin.count += 1;
    bin.predicted += predicted;
    bin.seen += seen;
  }
  return bins.reduce((sum, bin) => sum + Math.abs(bin.predicted - bin.seen), 0) / Math.max(1, rows.length);
}
