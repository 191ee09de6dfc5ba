import type { Fields } from '../levels/fields.ts';

/** Without what is not there. */
export function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
