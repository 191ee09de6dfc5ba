import type { Scorer } from '../scorer/score.ts';
import { DENSE, DENSE_SIZE } from '../text/dense.ts';

const MOST = 4;

interface Reason {
  readonly text: string;
  readonly push: number;
}

/** The weightiest reasons of the score that `scorer` made last, in words. */
export function reasonsOf(query: string, scorer: Scorer): readonly string[] {
  const { model, scan, scaled } = scorer;
  const said = scan.intent === 0 ? [] : [`asked for in words: "${query.slice(scan.intentAt, scan.intentEnd)}"`];
  const reasons: Reason[] = [];
  const { strongShare, slope } = model.file;
  for (let at = 0; at < DENSE_SIZE; at += 1) {
    const push = slope * (scaled[at] as number) * (strongShare * (model.strongDense[at] as number) - (model.weakDense[at] as number));
    reasons.push({ text: `${(scaled[at] as number) < 0 ? 'few or none: ' : ''}${DENSE[at] ?? ''}`, push });
  }
  reasons.push({ text: 'its vocabulary', push: slope * (strongShare * scorer.strongWords - scorer.weakWords) });
  const weighty = reasons
    .filter(({ push }) => Math.abs(push) > 0.05)
    .toSorted((a, b) => Math.abs(b.push) - Math.abs(a.push))
    .slice(0, MOST)
    .map(({ text, push }) => `${push > 0 ? 'harder' : 'easier'}: ${text}`);
  return [...said, ...weighty];
}
