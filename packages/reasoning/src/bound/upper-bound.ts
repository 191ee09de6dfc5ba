const HALVINGS = 40;

/** The mean of losses in 0..1 of which `count` add up to `sum` is at most this, but for a chance of `risk`. */
export function upperBound(sum: number, count: number, risk: number): number {
  if (count === 0) return 1;
  let low = Math.min(1, sum / count);
  let high = 1;
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    if (chanceOf(sum, count, middle) > risk) low = middle;
    else high = middle;
  }
  return high;
}

/** The chance of so small a sum if the mean were `mean`: the smaller of Hoeffding's bound and Bentkus's. */
function chanceOf(sum: number, count: number, mean: number): number {
  const seen = Math.min(sum / count, mean);
  const hoeffding = Math.exp(-count * divergence(seen, mean));
  return Math.min(1, hoeffding, Math.E * binomialUpTo(Math.ceil(sum - 1e-9), count, mean));
}

function divergence(seen: number, mean: number): number {
  const part = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log(a / b));
  return part(seen, mean) + part(1 - seen, Math.max(1e-300, 1 - mean));
}

/** The chance of at most `most` hits among `count` tries. */
function binomialUpTo(most: number, count: number, chance: number): number {
  if (most >= count || chance <= 0) return 1;
  if (chance >= 1) return 0;
  let log = count * Math.log1p(-chance);
  const odds = Math.log(chance) - Math.log1p(-chance);
  let sum = Math.exp(log);
  for (let hits = 1; hits <= most; hits += 1) {
    log += odds + Math.log((count - hits + 1) / hits);
    sum += Math.exp(log);
  }
  return Math.min(1, sum);
}
