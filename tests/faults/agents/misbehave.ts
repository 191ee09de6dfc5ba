import type { OpenClawClient } from '@openclaw-runtime/client';
import { percentile } from '../crowd/neighbour.ts';
import type { RowOptions, RowReport } from '../rows/report.ts';
import { type HouseOptions, openHouse, startGood, stopNeighbours, watchHealth } from './neighbours.ts';
import type { Shape } from './shapes.ts';

/** What an agent's misdeed has to come to. */
export interface Misdeed {
  readonly shape: Shape;
  /** The word of the `thread.lost` record, or of the run's end where the thread is not lost. */
  readonly says: RegExp;
  /** The deed is over before it costs the thread: the run fails or completes at once. */
  readonly isContained?: boolean;
  /** Every start of the operation misbehaves: the run has to fail with the word when its restarts are used up. */
  readonly isRepeated?: boolean;
  /** It takes down what others are in, too: nobody can tell whose fault it was. */
  readonly isUnseen?: boolean;
}

export interface Neighbourhood extends HouseOptions {
  readonly misdeeds: readonly Misdeed[];
  /** Milliseconds that a neighbour may be without a token, in 99 of 100 cases. */
  readonly gapMs: number;
  /** Milliseconds from the loss of a thread until the culprit's run is at its end. */
  readonly backMs: number;
  /** What the server has to say of each round. */
  readonly complains?: RegExp;
  /** Culprits at the same time. Default 1. */
  readonly abreast?: number;
}

/** `count` misdeeds, one after the other, beside 50 clients whose runs stream from threads as well; each round of shapes has a server of its own. */
export async function misbehaveOften({ seed, count, say }: RowOptions, where: Neighbourhood): Promise<RowReport> {
  const violations: string[] = [];
  const gaps: number[] = [];
  const backs: number[] = [];
  let slowest = 0;
  for (let n = 0; n < count; ) {
    await using house = await openHouse(where);
    const health = watchHealth(house.claw);
    const good = await startGood(house.client, `good ${seed} ${n}`);
    for (const misdeed of where.misdeeds.slice(0, count - n)) {
      const culprits = await Promise.all(
        Array.from({ length: where.abreast ?? 1 }, () => followCulprit(house.client, misdeed, where.backMs)),
      );
      violations.push(...culprits.flatMap((each) => each.violations).map((text) => `${misdeed.shape} (case ${n}): ${text}`));
      backs.push(...culprits.flatMap(({ backMs }) => backMs ?? []));
      n++;
    }
    const fared = await stopNeighbours(good, health, where.gapMs);
    violations.push(...fared.violations.map((text) => `in the round up to case ${n}: ${text}`));
    const complaints = house.claw.complaints();
    if (where.complains && !where.complains.test(complaints)) violations.push(`the server says only: ${complaints}`);
    gaps.push(...fared.gapsMs);
    slowest = Math.max(slowest, fared.slowestMs);
    say(`  ${n} cases, ${violations.length} violations`);
  }
  return {
    cases: count,
    violations,
    figures: {
      'token gap P99 ms': Math.round(percentile(gaps, 0.99)),
      'token gap max ms': Math.round(percentile(gaps, 1)),
      'back after ms, max': Math.round(percentile(backs, 1)),
      'slowest health ms': Math.round(slowest),
    },
  };
}

/** A run whose operation does the deed, and what is wrong with how that ends. */
async function followCulprit(
  client: OpenClawClient,
  { shape, says, isContained, isRepeated, isUnseen }: Misdeed,
  backMs: number,
): Promise<{ readonly violations: readonly string[]; readonly backMs: number | undefined }> {
  const violations: string[] = [];
  const run = client.run({ agent: 'culprit', operation: 'misbehave', args: { shape, times: isRepeated ? 1_000 : 1 }, input: shape });
  let lostAt: number | undefined;
  const losses: string[] = [];
  for await (const item of run) {
    if (item.kind !== 'thread.lost') continue;
    lostAt = performance.now();
    losses.push(JSON.stringify(item.data.error));
  }
  const { status, value, error } = await run.result();
  const tookMs = lostAt === undefined ? undefined : performance.now() - lostAt;
  const last = JSON.stringify(error ?? status);
  const words = losses.length > 0 && !isRepeated ? losses : [last];
  const blamed = words.filter((word) => says.test(word));
  if (blamed.length === 0) violations.push(`it was answered with ${words.join(', then ')}`);
  else if (!isContained && !isUnseen && !blamed.some((word) => word.includes('culprit')))
    violations.push(`the culprit is not named: ${blamed.join(', then ')}`);
  if (isContained) {
    if (losses.length > 0) violations.push(`it cost the thread: ${losses.join(', then ')}`);
  } else if (isRepeated) {
    if (status !== 'failed') violations.push(`the run ended as ${status} after ${losses.length} losses`);
  } else if (status !== 'completed' || value !== '2') violations.push(`the run did not come back: ${status} ${value ?? ''} ${last}`);
  if (tookMs !== undefined && tookMs > backMs) violations.push(`the run was at its end ${Math.round(tookMs)} ms after it lost its thread`);
  return { violations, backMs: isRepeated ? undefined : tookMs };
}
