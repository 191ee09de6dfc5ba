import { z } from 'zod';
import { secretProblem } from '../secrets/reference.ts';
import { nearest } from './nearest.ts';
import { parseBytes, parseDuration, parseFlag, parseNumber, parseRatio } from './units.ts';

/** One value of the file: `read` gives what it means, or `undefined`, and then it "is not {expected}". */
function field<T>(expected: string | ((value: unknown) => string), read: (value: unknown) => T | undefined): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const result = read(value);
    if (result !== undefined) return result;
    const message = typeof expected === 'string' ? expected : expected(value);
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  });
}

export const text: z.ZodType<string> = field('text', (value) => (typeof value === 'string' ? value : undefined));

export const name: z.ZodType<string> = field('a name: 1–128 characters', (value) =>
  typeof value === 'string' && value.length > 0 && value.length <= 128 ? value : undefined,
);

/** A program and its arguments; no shell reads them. */
export const argv: z.ZodType<readonly string[]> = field(
  'a list of a program and its arguments, such as ["op", "read", "op://a/b"]',
  (value) =>
    Array.isArray(value) && value.length > 0 && value[0] !== '' && value.every((word) => typeof word === 'string') ? value : undefined,
);

export const flag: z.ZodType<boolean> = field('true or false', parseFlag);

/** Milliseconds. */
export const duration: z.ZodType<number> = field('a duration, such as 500ms, 30s, 10m or a number of milliseconds', parseDuration);

/** Milliseconds, a second at least: what is done that often. */
export const period: z.ZodType<number> = field('a duration of at least a second, such as 30s or 10m', (value) => {
  const ms = parseDuration(value);
  return ms !== undefined && ms >= 1_000 ? ms : undefined;
});

/** Milliseconds; `Infinity` for never. */
export const durationOrNever: z.ZodType<number> = field('a duration, such as 12h or 30d, or never', (value) =>
  value === 'never' ? Number.POSITIVE_INFINITY : parseDuration(value),
);

export const bytes: z.ZodType<number> = field('a size, such as 500MB, 10GiB or a number of bytes', parseBytes);

/** US dollars for a million tokens. */
export const price: z.ZodType<number> = field('US dollars for a million tokens, such as 2.5', (value) => {
  const number = parseNumber(value);
  return number !== undefined && number >= 0 && number <= 1_000_000 ? number : undefined;
});

/** US dollars. */
export const dollars: z.ZodType<number> = field('US dollars up to 1000000, such as 0.5', (value) => {
  const number = parseNumber(value);
  return number !== undefined && number >= 0 && number <= 1_000_000 ? number : undefined;
});

/** 0–1. */
export const ratio: z.ZodType<number> = field('a part of the whole, such as 1% or 0.01', parseRatio);

export function count(least: number, most: number): z.ZodType<number> {
  return field(`a whole number from ${least} to ${most}`, (value) => {
    const number = parseNumber(value);
    return number !== undefined && Number.isInteger(number) && number >= least && number <= most ? number : undefined;
  });
}

export function choice<T extends string>(...words: readonly [T, ...T[]]): z.ZodType<T> {
  const list = words.map((word) => JSON.stringify(word)).join(' or ');
  const hint = (value: unknown): string => {
    const near = nearest(String(value), words);
    return near === undefined ? list : `${list}. Did you mean "${near}"?`;
  };
  return field(hint, (value) => words.find((word) => word === value));
}

/** How deep models think. */
export const level: z.ZodType<Depth> = field('a level: 1, 2, 3 or 4', depthOf);

export const levelOrWord: z.ZodType<Depth | 'auto' | 'off'> = field('a level: 1, 2, 3 or 4, or auto or off', (value) =>
  value === 'auto' || value === 'off' ? value : value === false ? 'off' : depthOf(value),
);

type Depth = 1 | 2 | 3 | 4;

function depthOf(value: unknown): Depth | undefined {
  const number = parseNumber(value);
  return number === 1 || number === 2 || number === 3 || number === 4 ? number : undefined;
}

/** An address with one of the given schemes. */
export function url(...schemes: readonly string[]): z.ZodType<string> {
  const expected = `an address that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`;
  return field(expected, (value) => {
    if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
    return schemes.includes(new URL(value).protocol.slice(0, -1)) ? value : undefined;
  });
}

/** Text that {@link secretOf} understands. */
export const secret: z.ZodType<string> = field(
  (value) =>
    (typeof value === 'string' && secretProblem(value)) ||
    'a secret: secret://env/NAME, secret://file/PATH, secret://vault/PATH#FIELD, secret://exec/NAME, ${NAME} or its value',
  (value) => {
    const written = typeof value === 'number' ? String(value) : value;
    return typeof written === 'string' && written !== '' && secretProblem(written) === undefined ? written : undefined;
  },
);
