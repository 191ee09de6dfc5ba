import { LIMITS } from './limits.ts';
import type { Start } from './up.ts';

/**
 * Whether it is a start frame of the usual kind: one that `upFrameSchema` takes as it is. That says the same of many more, and takes ten times as long; `false` means
 * that it is to be asked.
 */
export function isPlainStart(given: unknown): given is Start {
  if (!isRecord(given) || given.t !== 'start') return false;
  for (const key in given) {
    const value = given[key];
    if (key === 'ch' ? !isCount(value) : key === 'idem' ? !isName(value) : key === 'run' ? !isPlainRun(value) : key !== 't') return false;
  }
  return given.ch !== undefined && given.idem !== undefined && given.run !== undefined;
}

function isPlainRun(given: unknown): boolean {
  if (!isRecord(given) || !isText(given.input, Number.POSITIVE_INFINITY)) return false;
  for (const key in given) if (!isPlainField(key, given[key])) return false;
  return true;
}

function isPlainField(key: string, value: unknown): boolean {
  switch (key) {
    case 'input':
      return true;
    case 'args':
      return value !== undefined;
    case 'model':
      return isText(value, 256);
    case 'agent':
    case 'session':
    case 'operation':
      return isName(value);
    case 'tokenInterval':
      return typeof value === 'number' && value >= 0 && value <= 10_000;
    default:
      return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): boolean {
  return isText(value, LIMITS.maxNameLength);
}

function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length >= 1 && value.length <= most;
}
