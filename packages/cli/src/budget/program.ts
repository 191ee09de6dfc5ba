import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { AddOptions } from './add.ts';
import type { ShowOptions } from './show.ts';

/** Adds `claw budget show|add`. */
export function addBudgetCommands(budget: Command, world: World, ended: (code: number) => void): void {
  explained(budget, BUDGET).helpCommand(false);

  common(
    explained(budget.command('show', { isDefault: true }), SHOW)
      .option('--run <run>', 'also those of this run and its task, by its id or as much of its beginning as is unique')
      .option('--session <name>', 'also that of this session')
      .option('--agent <name>', 'also that of this agent')
      .option('--json', 'print {"budgets": [{"scope", "name", "limit", "spent", "reserved", "left"}]} as one line of JSON'),
  ).action(async (options: ShowOptions) => ended(await (await import('./show.ts')).showBudgets(options, world)));

  common(
    explained(budget.command('add'), ADD)
      .argument('<what>', 'a run, by its id or as much of its beginning as is unique; or tenant, day, agent:NAME, session:NAME')
      .option('--usd <dollars>', 'so many US dollars')
      .option('--tokens <number>', 'so many tokens')
      .option('--time <duration>', 'so much time of model calls, such as 10m')
      .option('--json', 'print {"added": {…}} as one line of JSON'),
  ).action(async (what: string, options: AddOptions) => ended(await (await import('./add.ts')).addToBudget(what, options, world)));
}

function common(command: Command): Command {
  return withConfig(withAddress(command));
}

const EXITS = [
  ['0', 'done'],
  ['1', 'an error, such as no run of that name'],
] as const;

const BUDGET = {
  description: 'See what was spent of which budget, and add to one.',
  examples: [
    ['claw budget', 'the budgets of the house'],
    ['claw budget add 3xKf --usd 1', 'a run that waits for its budget goes on'],
  ],
  exits: EXITS,
} as const;

const SHOW = {
  description: 'Show budgets: their limits, what is spent, what is set aside for model calls that are under way, and what is left.',
  examples: [
    ['claw budget show', 'of the tenant, of today, of agents that have one'],
    ['claw budget show --run 3xKf', 'also of a run and its task'],
    ['claw budget show --json | jq .budgets', 'for programs'],
  ],
  exits: EXITS,
} as const;

const ADD = {
  description: 'Add to a budget. What waits for it goes on.',
  examples: [
    ['claw budget add 3xKf --usd 1', 'a dollar more for a run and all that it starts'],
    ['claw budget add day --usd 5 --tokens 1000000', 'more for today'],
    ['claw budget add agent:coder --usd 20', 'more for all runs of an agent'],
  ],
  exits: [
    ['0', 'it is added, durably'],
    ['1', 'an error, such as a run that has ended'],
  ],
  more: ['Limits are said under budgets in openclaw.yaml, in agents.NAME.budget, and with each run: claw run --budget 0.5.'],
} as const;
