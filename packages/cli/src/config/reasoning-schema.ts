import { z } from 'zod';
import { choice, duration, flag, level, levelOrWord, name } from './field.ts';

const reasoning = {
  level: levelOrWord.exactOptional(),
  maxLevel: level.exactOptional(),
  levelThresholds: z.record(z.string().min(1).max(128), level).exactOptional(),
  exact: flag.exactOptional(),
};

/** What may be said of how deep an agent's models think. */
export const agentReasoning = z.strictObject(reasoning);

/** The same of the house's, and of how that is found out. */
export const houseReasoning = z.strictObject({
  ...reasoning,
  predictor: name.exactOptional(),
  judgeTimeout: duration.exactOptional(),
  features: z
    .array(choice('task_complexity', 'query_length', 'domain'))
    .min(1)
    .exactOptional(),
  learn: flag.exactOptional(),
  escalate: flag.exactOptional(),
});
