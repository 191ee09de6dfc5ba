import type { HouseSeries } from '../series/house-series.ts';

/** Seconds of the past that a rate is of. */
const SECONDS = 10;

/** Tells each second how fast models spoke in the last ten. */
export function createRates({ streamed, tokensPerSecond }: HouseSeries): (nowMs: number) => void {
  const looks: { readonly nowMs: number; readonly totals: Float64Array }[] = [];
  const flows = streamed.values.length / tokensPerSecond.values.length;
  return (nowMs) => {
    const totals = tokensPerSecond.values.map((_, model) =>
      streamed.values.subarray(model * flows, (model + 1) * flows).reduce((sum, value) => sum + value, 0),
    );
    looks.push({ nowMs, totals });
    if (looks.length > SECONDS + 1) looks.shift();
    const [oldest] = looks;
    if (!oldest || oldest.nowMs >= nowMs) return;
    totals.forEach((total, model) =>
      tokensPerSecond.set(((total - (oldest.totals[model] as number)) * 1000) / (nowMs - oldest.nowMs), model),
    );
  };
}
