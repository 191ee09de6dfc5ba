import type { HouseTool } from '@openclaw-runtime/agent';
import { z } from 'zod';
import { createTool, type House } from '../tool/create-tool.ts';
import { evaluate } from './evaluate.ts';

const input = z.strictObject({
  expression: z.string().min(1).max(1_000).describe('Such as (2 + 3) * sqrt(16) / 7^2'),
});

/** `calc`: arithmetic without a programming language behind it. */
export function createCalcTool(house: House): HouseTool {
  return createTool(house, {
    name: 'calc',
    description:
      'The value of an arithmetic expression: + - * / % ^, brackets, pi, e, tau, abs ceil floor trunc sign sqrt cbrt exp ln log log2 log10 sin cos tan asin acos atan atan2 hypot min max sum mean round. Angles are in radians.',
    input,
    sideEffects: false,
    onInterrupted: 'retry',
    timeoutMs: 1_000,
    run: async ({ expression }) => String(evaluate(expression)),
  });
}
