/** A value, or how to get it when it is needed: secrets are never kept. */
export type Given = string | (() => string | Promise<string>);

/** A value at this moment. */
export async function valueOf(given: Given): Promise<string> {
  return typeof given === 'string' ? given : given();
}

/** Values at this moment. */
export async function valuesOf(given: Readonly<Record<string, Given>> = {}): Promise<Readonly<Record<string, string>>> {
  const entries = Object.entries(given).map(async ([name, value]) => [name, await valueOf(value)] as const);
  return Object.fromEntries(await Promise.all(entries));
}
