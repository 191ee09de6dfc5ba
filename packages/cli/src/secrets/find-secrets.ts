import { Secret } from './secret.ts';

/** A secret, and where the configuration has it. */
export interface NamedSecret {
  readonly name: string;
  readonly secret: Secret;
}

/** All secrets in a value, however deep, each once. */
export function findSecrets(value: unknown, name = ''): readonly NamedSecret[] {
  const found = new Map<Secret, string>();
  walk(value, name, found);
  return [...found].map(([secret, place]) => ({ name: place, secret }));
}

function walk(value: unknown, name: string, found: Map<Secret, string>): void {
  if (value instanceof Secret) {
    if (!found.has(value)) found.set(value, name);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) walk(item, name === '' ? key : `${name}.${key}`, found);
}
