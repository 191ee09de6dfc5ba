/** A value of the file after its `${NAME}` and `${NAME:-otherwise}` were replaced, and which names were not set. */
export interface Expanded {
  readonly value: unknown;
  readonly missing: readonly Missing[];
}

export interface Missing {
  readonly path: readonly PropertyKey[];
  readonly name: string;
}

const REFERENCE = /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;

/** Replaces references in every string, however deep. Keys are left alone. A key without a value is as if it were not there. */
export function expand(value: unknown, env: Readonly<Record<string, string | undefined>>, path: readonly PropertyKey[] = []): Expanded {
  if (typeof value === 'string') {
    const missing: Missing[] = [];
    const replaced = value.replaceAll(REFERENCE, (_, name: string, otherwise?: string) => {
      const found = env[name] || otherwise;
      if (found === undefined) missing.push({ path, name });
      return found ?? '';
    });
    return { value: replaced, missing };
  }
  if (Array.isArray(value)) {
    const items = value.map((item, index) => expand(item, env, [...path, index]));
    return { value: items.map((item) => item.value), missing: items.flatMap((item) => item.missing) };
  }
  if (typeof value !== 'object' || value === null) return { value, missing: [] };
  const entries = Object.entries(value)
    .filter(([, item]) => item !== null)
    .map(([key, item]) => [key, expand(item, env, [...path, key])] as const);
  return {
    value: Object.fromEntries(entries.map(([key, item]) => [key, item.value])),
    missing: entries.flatMap(([, item]) => item.missing),
  };
}
