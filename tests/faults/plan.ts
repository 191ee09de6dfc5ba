import { seededRandom } from '@openclaw-runtime/kit';

/** `vary`: each attempt is answered differently, and superseded. `prefix`: an attempt goes on from what was delivered. */
export type Mode = 'vary' | 'prefix';

/** One run of a campaign: a pure function of its name, so that every process and the judge know the same. */
export interface RunPlan {
  readonly i: number;
  readonly idem: string;
  readonly prompt: string;
  readonly model: string;
  readonly tokenInterval: number | undefined;
  /** Who answers, and how many words the simulated model says. */
  readonly answer: { readonly by: 'simulated'; readonly tokens: number; readonly vary: boolean } | { readonly by: 'http' };
}

export interface PlanName {
  readonly arena: string;
  readonly seed: number;
  readonly mode: Mode;
}

/** Streams of the test provider that end as `completed` and call no tools. */
const STREAMS = ['text', 'unicode', 'reasoning', 'usage-last', 'length'] as const;

export function planRun({ arena, seed, mode }: PlanName, i: number): RunPlan {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(i + 1, 0x85ebca6b));
  const below = (n: number): number => Math.floor(random.float() * n);
  const named = { i, idem: `${arena}-${i}`, prompt: `${arena} ${i}`, tokenInterval: below(2) === 0 ? 0 : undefined };
  const durationMs = [100 + below(200), 300 + below(500), 800 + below(1200)][below(3)] as number;
  if (below(2) === 0) {
    const stream = STREAMS[below(STREAMS.length)] as string;
    return { ...named, model: `${stream}?gap=${Math.ceil(durationMs / 60)}`, answer: { by: 'http' } };
  }
  const tokens = 5 + below(80);
  const vary = mode === 'vary';
  return {
    ...named,
    model: `simulated?tokens=${tokens}&ms=${durationMs}${vary ? '&vary=1' : ''}`,
    answer: { by: 'simulated', tokens, vary },
  };
}

/** The request as the client sends it; asked again to the letter, it finds the same run. */
export function requestOf({ prompt, model, tokenInterval }: RunPlan) {
  return { input: prompt, model, ...(tokenInterval === undefined ? {} : { tokenInterval }) };
}
