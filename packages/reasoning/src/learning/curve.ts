/** Offset and slope beyond 1, then their covariance: both variances with what they share between them. */
export type CurveState = readonly [offset: number, slope: number, aa: number, ab: number, bb: number];

/** A logit is moved and stretched, never turned over. */
export interface Curve {
  apply(logit: number): number;
  learn(logit: number, outcome: number, weight: number): void;
  exportState(): CurveState;
}

const START: CurveState = [0, 0, 1, 0, 0.1];
const FLATTEST = 0.03;

/** Learns by Gaussian belief. `drift` is what the belief about the offset widens by with each outcome, for a logit whose meaning changes. */
export function createCurve(state: CurveState = START, drift = 0): Curve {
  let [offset, slope, aa, ab, bb] = state;
  const apply = (logit: number): number => offset + Math.max(FLATTEST, 1 + slope) * logit;
  return {
    apply,
    learn(logit, outcome, weight) {
      const p = 1 / (1 + Math.exp(-apply(logit)));
      const curve = Math.max(0.02, p * (1 - p)) * weight;
      aa += drift;
      bb += drift / 4;
      const ga = aa + ab * logit;
      const gb = ab + bb * logit;
      const damp = 1 / (1 + curve * (ga + gb * logit));
      const push = weight * (outcome - p) * damp;
      offset += ga * push;
      slope += gb * push;
      const pull = curve * damp;
      aa -= ga * ga * pull;
      ab -= ga * gb * pull;
      bb -= gb * gb * pull;
    },
    exportState: () => [offset, slope, aa, ab, bb],
  };
}
