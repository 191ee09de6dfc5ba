import { TIER_RULES, type TierRules } from '@openclaw-runtime/runtime';
import { checkModelName, type Models } from './models.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';

/** Nothing where they are switched off. Problems are pushed to `problems`. */
export function resolveTiers(tiers: FileConfig['tiers'] = {}, models: Models, problems: Problem[]): { readonly tiers?: TierRules } {
  const { enabled = true, window: windowMs, hold: holdMs, slow: slowMs, model, ...rest } = tiers;
  if (model !== undefined) checkModelName(model, ['tiers', 'model'], models, problems);
  if (!enabled) return {};
  return {
    tiers: {
      ...TIER_RULES,
      ...rest,
      ...(windowMs !== undefined && { windowMs }),
      ...(holdMs !== undefined && { holdMs }),
      ...(slowMs !== undefined && { slowMs }),
      ...(model !== undefined && { model }),
    },
  };
}
