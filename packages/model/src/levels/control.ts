import type { Level } from '../contract/broker.ts';
import { type Dialect, dialectsAt, type LevelApi, type ReasoningStyle } from './dialect.ts';
import { type LevelRow, ROWS, type Said } from './rows.ts';

/** Where a model is. */
export interface LevelPlace {
  readonly api: LevelApi;
  /** Of the API; absent where nobody knows it. */
  readonly url?: string | undefined;
  /** The name at the provider; options may stand behind it. */
  readonly model: string;
  /** What the configuration says. */
  readonly style?: ReasoningStyle | undefined;
}

/** What can be done about a model's thinking. */
export type Control =
  | { readonly kind: 'native'; readonly dialect: Dialect; readonly api: LevelApi; readonly says: readonly [Said, Said, Said, Said] }
  | { readonly kind: 'prompt' }
  /** It is known to do without. */
  | { readonly kind: 'never' }
  /** It takes no word about it. */
  | { readonly kind: 'fixed' }
  /** Nobody knows. */
  | { readonly kind: 'unknown' };

export const LEVELS: readonly Level[] = [1, 2, 3, 4];

export function controlOf({ api, url, model, style }: LevelPlace): Control {
  if (style === 'prompt') return { kind: 'prompt' };
  if (style === 'none') return { kind: 'never' };
  const row = rowOf(model.replace(/\?.*$/s, ''), style === undefined ? dialectsAt(api, url) : [style], style !== undefined);
  if (row === undefined) return { kind: 'unknown' };
  if (row.isFixed) return { kind: 'fixed' };
  return row.says === undefined ? { kind: 'never' } : { kind: 'native', dialect: row.dialect, api, says: row.says };
}

/** The levels that differ from each other, each the least of those that are told the same. */
export function levelsOf(control: Control): readonly Level[] {
  if (control.kind === 'unknown' || control.kind === 'fixed') return [];
  if (control.kind === 'never') return [1];
  if (control.kind === 'prompt') return LEVELS;
  const { says } = control;
  return LEVELS.filter((level) => says.indexOf(says[level - 1] as Said) === level - 1);
}

function rowOf(model: string, dialects: readonly Dialect[], isConfigured: boolean): LevelRow | undefined {
  for (const row of ROWS) {
    if (!dialects.includes(row.dialect)) continue;
    if (row.model === 'configured' ? isConfigured : row.model === 'any' || row.model.test(model)) return row;
  }
  return undefined;
}
