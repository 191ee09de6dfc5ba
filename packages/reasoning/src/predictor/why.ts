import { blendedLogit } from '../scorer/blended.ts';
import { HEADS } from '../scorer/model.ts';
import { logitOf, type Scorer } from '../scorer/score.ts';
import { DENSE, DENSE_SIZE } from '../text/dense.ts';

const MOST = 4;

interface Reason {
  readonly text: string;
  readonly push: number;
}

/** The weightiest reasons of the score that `scorer` made last, in words: what the score would lose without each. */
export function reasonsOf(query: string, scorer: Scorer): readonly string[] {
  const { scan, scaled, fromWords } = scorer;
  const { dense } = scorer.model;
  const said = scan.intent === 0 ? [] : [`asked for in words: "${query.slice(scan.intentAt, scan.intentEnd)}"`];
  const reasons: Reason[] = [];
  for (let at = 0; at < DENSE_SIZE; at += 1) {
    const x = scaled[at] as number;
    const push = pushOf(scorer, (head) => x * (dense[at * HEADS.length + head] as number));
    reasons.push({ text: `${x < 0 ? 'few or none: ' : ''}${DENSE[at] ?? ''}`, push });
  }
  reasons.push({ text: 'its vocabulary', push: pushOf(scorer, (head) => fromWords[head] as number) });
  const weighty = reasons
    .filter(({ push }) => Math.abs(push) > 0.05)
    .toSorted((a, b) => Math.abs(b.push) - Math.abs(a.push))
    .slice(0, MOST)
    .map(({ text, push }) => `${push > 0 ? 'harder' : 'easier'}: ${text}`);
  return [...said, ...weighty];
}

/** What the logit of the score has from a part of each head, the kind of the text being what it is. */
function pushOf(scorer: Scorer, partOf: (head: number) => number): number {
  const without = scorer.logits.map((value, head) => (head < 4 ? value - partOf(head) : value));
  const [weak, strong, math, story, mathGate, storyGate] = without as unknown as readonly [number, number, number, number, number, number];
  const trust = scorer.byKind ? scorer.trust : 0;
  return logitOf(scorer) - blendedLogit(scorer.model.file.mix, weak, strong, math, story, mathGate, storyGate, trust);
}
