/** The value below which the part `q` of all lie, as Prometheus's `histogram_quantile` has it; 0 where there are none. */
export function quantileOf(q: number, bounds: Float64Array, counts: Float64Array): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return 0;
  const rank = q * all;
  let below = 0;
  for (let at = 0; at < bounds.length; at++) {
    const count = counts[at] as number;
    if (below + count >= rank && count > 0) {
      const from = at === 0 ? 0 : (bounds[at - 1] as number);
      return from + ((bounds[at] as number) - from) * ((rank - below) / count);
    }
    below += count;
  }
  return bounds.at(-1) ?? 0;
}
