import { OpenClawError, type RunRequest } from '@openclaw-runtime/protocol';

type Level = NonNullable<RunRequest['level']>;

/** How deep to think, in the words of this protocol. */
const LEVELS = {
  off: 1,
  minimal: 2,
  low: 2,
  medium: 3,
  high: 3,
  xhigh: 4,
  adaptive: 'auto',
  max: 4,
  ultra: 4,
} as const satisfies Readonly<Record<string, Level>>;

export type ThinkingWord = keyof typeof LEVELS;
export const THINKING_WORDS = Object.keys(LEVELS) as readonly ThinkingWord[];

/** For clients that let people choose. */
export const THINKING_CHOICES = THINKING_WORDS.map((id) => ({ id, label: id }));

/** Throws `BAD_REQUEST`. */
export function thinkingWord(text: string): ThinkingWord {
  const word = text.trim().toLowerCase();
  if (Object.hasOwn(LEVELS, word)) return word as ThinkingWord;
  throw new OpenClawError('BAD_REQUEST', `thinking: give one of ${THINKING_WORDS.join(', ')}.`);
}

export function levelOf(word: ThinkingWord): Level {
  return LEVELS[word];
}

/** The other way round: the mildest word for a level. */
export function wordOf(level: Level | undefined): ThinkingWord | undefined {
  return THINKING_WORDS.findLast((word) => LEVELS[word] === level && !STRONGEST.has(word));
}

const STRONGEST: ReadonlySet<ThinkingWord> = new Set(['high', 'max', 'ultra']);
