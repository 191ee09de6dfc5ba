import { TABLE } from './table.ts';
import type { ApiName, Traits } from './traits.ts';

const UNKNOWN: Traits = { prefix: 'none', attach: false, tools: true };

/** What the table says of a model at the provider of this address. The name may have options behind it. */
export function knownTraits(api: ApiName, url: string, model: string): Traits {
  const { hostname } = new URL(url);
  const bare = model.replace(/\?.*$/s, '');
  let traits = UNKNOWN;
  for (const row of TABLE) {
    if (row.api !== undefined && row.api !== api) continue;
    if (row.host !== undefined && row.host !== hostname) continue;
    if (row.model !== undefined && !row.model.test(bare)) continue;
    traits = { ...traits, ...row.traits };
  }
  return traits;
}
