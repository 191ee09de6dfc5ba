import type { ModelFile } from './model.ts';

/**
 * The logit of the score from those of the heads. What is said of any text: `strongShare · strong − weak`. Problems of mathematics and stories with numbers
 * have heads of their own, which order them within their kind; their gates say how far a text is one of these, in languages whose words are known (`trust`).
 */
export function blendedLogit(
  mix: ModelFile['mix'],
  weak: number,
  strong: number,
  math: number,
  story: number,
  mathGate: number,
  storyGate: number,
  trust: number,
): number {
  let z = mix.strongShare * strong - weak;
  const isStory = trust * logistic(storyGate);
  z += isStory * ((mix.keep - 1) * (z - mix.storyLevel) + story);
  const isMath = trust * (1 - isStory) * logistic(mathGate);
  z += isMath * ((mix.keep - 1) * (z - mix.mathLevel) + math);
  return mix.slope * z + mix.offset;
}

export function logistic(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
