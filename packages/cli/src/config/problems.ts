import { OpenClawError } from '@openclaw-runtime/protocol';
import type { z } from 'zod';
import { knownKeysAt } from './known-keys.ts';
import { nearest } from './nearest.ts';

/** One thing that is wrong, at a place of the configuration. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  /** After the path: `"x" is not …` */
  readonly says: string;
}

const PROVIDER_KINDS = ['openai', 'anthropic', 'gemini', 'ollama', 'ai-sdk', 'simulated'];

/** The schema's complaints in words. `raw` is the file as written: what is shown comes from there, not from variables. */
export function problemsOf(error: z.ZodError, schema: z.core.$ZodType, raw: unknown): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    const { path } = issue;
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, schema));
    const value = valueAt(raw, path);
    if (value === undefined || value === null) return [{ path, says: `is missing. Expected ${expectedOf(issue, undefined)}.` }];
    const expected = expectedOf(issue, value);
    return [{ path, says: `${shown(path, value)} is not ${expected}${/[.?]$/.test(expected) ? '' : '.'}` }];
  });
}

/** One error for all problems: file, line, path, value, what was expected. */
export function badConfig(
  source: string,
  problems: readonly Problem[],
  lineOf: (path: readonly PropertyKey[]) => number | undefined,
): OpenClawError {
  const lines = problems.map(({ path, says }) => {
    const line = lineOf(path);
    return `${source}${line === undefined ? '' : `:${line}`}: ${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${says}`;
  });
  const [only = ''] = lines;
  return new OpenClawError(
    'BAD_CONFIG',
    lines.length === 1 ? only : [`${lines.length} problems`, ...lines.map((line) => `  ${line}`)].join('\n'),
  );
}

/** A value for people: quoted, short, and never a secret. */
export function shown(path: readonly PropertyKey[], value: unknown): string {
  if (path.some((key) => /^(apikey|token|headers|secrets|options|env|webhook)$/i.test(String(key)))) return 'the value (not shown)';
  const written = JSON.stringify(value) ?? String(value);
  return written.length > 80 ? `${written.slice(0, 77)}...` : written;
}

function unknownKey(path: readonly PropertyKey[], key: string, schema: z.core.$ZodType): Problem {
  const known = knownKeysAt(schema, path);
  const near = nearest(key, known);
  return {
    path: [...path, key],
    says: near === undefined ? `unknown key. Known here: ${known.join(', ')}.` : `unknown key. Did you mean "${near}"?`,
  };
}

function expectedOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_union') {
    const near = value === undefined ? undefined : nearest(String(value), PROVIDER_KINDS);
    const list = `a kind of provider: ${PROVIDER_KINDS.join(', ')}`;
    return near === undefined ? list : `${list}. Did you mean "${near}"?`;
  }
  if (issue.code !== 'invalid_type') return issue.message;
  return { object: 'a group of keys', record: 'a group of keys', array: 'a list' }[issue.expected as string] ?? `a ${issue.expected}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (here, key) => (typeof here === 'object' && here !== null ? (here as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}
