import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { PredictOptions } from './predict.ts';

/** Adds `claw predict`. */
export function addPredictCommand(predict: Command, world: World, ended: (code: number) => void): void {
  withConfig(
    withAddress(
      explained(predict, PREDICT)
        .argument('[prompt]', 'what would be asked; "-", or nothing while something is piped in: read it from stdin')
        .option('--agent <name>', 'the agent that would answer (default: default)')
        .option('--model <name>', 'the model it would use, and no other (default: the agent’s, and all that are configured)')
        .option('--complexity <tag>', 'how complex it is said to be: simple, medium, complex, complexTask, or a tag of levelThresholds')
        .option('--file <path>', 'put the text of this file before the prompt; "-" is stdin')
        .option('--export', 'print what the server’s runs have taught, as JSON, and predict nothing')
        .option('--json', 'print {"model", "level", "score", "why", "levels", "models"} as one line of JSON'),
    ),
  ).action(async (prompt: string | undefined, options: PredictOptions) =>
    ended(await (await import('./predict.ts')).predict(prompt, options, world)),
  );
}

const PREDICT = {
  description: 'Say how deep a request would be thought about, why, and what that would take: tokens, money and time. Asks no model.',
  examples: [
    ['claw predict "Why is the sky blue?"', 'the level, why, and a forecast for each level and model'],
    ['claw predict --complexity complex "Sort these files"', 'with a tag that says how complex it is'],
    ['cat task.md | claw predict --model gpt-5', 'of one model, the prompt from stdin'],
    ['claw predict --json "Hello" | jq .levels[0].usd', 'for programs'],
    ['claw predict --export > learned.json', 'what was learned here, to be taken elsewhere'],
  ],
  exits: [
    ['0', 'predicted'],
    ['1', 'an error, such as no prompt'],
  ],
  more: [
    'Forecasts are an expected value and, in brackets, the bounds between which four of five runs lie. They learn from the runs of the server that has the data',
    'folder open; where none runs, or it has seen none yet, they say what is usual for models in general.',
  ],
} as const;
