import type { Settings } from '@openclaw-runtime/protocol';

/** Whether an answer has the form that it was to have; undefined where it may have any. Of a schema only its type and its required keys are looked at. */
export function fitsFormat(answer: string, format: Settings['format']): boolean | undefined {
  if (format === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    return false;
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (format === 'json') return isObject;
  const { type, required } = format.schema;
  if (type === 'object' && !isObject) return false;
  if (type === 'array' && !Array.isArray(value)) return false;
  return !isObject || !Array.isArray(required) || required.every((key) => Object.hasOwn(value as object, String(key)));
}
