import type { Config } from '../config/config.ts';

/** Which provider was chosen and why, and what else there was; `undefined` where the file decided, or where there was nothing. */
export function recognisedLine({ recognised }: Config): string | undefined {
  const [chosen, ...others] = recognised.map(({ provider, because }) => `${provider} (${because})`);
  if (chosen === undefined) return undefined;
  return others.length > 0 ? `${chosen}; also there: ${others.join(', ')}` : chosen;
}
