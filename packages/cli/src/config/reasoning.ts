import type { HouseReasoning } from './config.ts';
import { checkModelName, type Models } from './models.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';

/** `cluster.adaptiveReasoning` is the same as `auto`, or `off`, under the name that cluster files have for it. Problems are pushed to `problems`. */
export function resolveReasoning({ reasoning = {}, cluster = {} }: FileConfig, models: Models, problems: Problem[]): HouseReasoning {
  const { judgeTimeout, level = wordOf(cluster.adaptiveReasoning), ...rest } = reasoning;
  const { predictor } = rest;
  if (predictor !== undefined && predictor !== 'builtin') checkModelName(predictor, ['reasoning', 'predictor'], models, problems);
  if (judgeTimeout !== undefined && (predictor ?? 'builtin') === 'builtin') {
    problems.push({ path: ['reasoning', 'judgeTimeout'], says: 'is for a model that is asked. Name it: reasoning.predictor.' });
  }
  return { ...rest, ...(level === undefined ? {} : { level }), ...(judgeTimeout === undefined ? {} : { judgeTimeoutMs: judgeTimeout }) };
}

function wordOf(isAdaptive: boolean | undefined): 'auto' | 'off' | undefined {
  return isAdaptive === undefined ? undefined : isAdaptive ? 'auto' : 'off';
}
