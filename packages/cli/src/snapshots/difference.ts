/** One place where two values differ; `before` or `after` is absent where there is none. */
export interface Change {
  /** Such as `.weights[3]`; empty for the whole. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Where JSON values differ, depth first, in the order of the first one's keys. */
export function differences(before: unknown, after: unknown, path = ''): Change[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) => i).flatMap((i) => part(before, after, i, `${path}[${i}]`));
  }
  if (isFields(before) && isFields(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => part(before, after, key, path + keyText(key)));
  }
  return [{ path, before, after }];
}

function part(before: object, after: object, key: string | number, path: string): Change[] {
  const [a, b] = [Object.hasOwn(before, key), Object.hasOwn(after, key)];
  const [left, right] = [(before as Record<string, unknown>)[key], (after as Record<string, unknown>)[key]];
  if (a && b) return differences(left, right, path);
  return [{ path, ...(a ? { before: left } : {}), ...(b ? { after: right } : {}) }];
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
