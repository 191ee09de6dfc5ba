import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { TiersOptions } from './tiers.ts';
import type { WhyOptions } from './why.ts';

/** Adds `claw why` and `claw tiers`. */
export function addWhyCommands(program: Command, world: World, ended: (code: number) => void): void {
  withConfig(
    withAddress(
      explained(program.command('why'), WHY)
        .argument('<run>', 'a run’s id, or as much of its beginning as is unique')
        .option(
          '--json',
          'print {"run", "status", "waits": [{"for", "name", "forMs", "leftMs", "detail", "ends"}], "readers"} as one line of JSON',
        ),
    ),
  ).action(async (run: string, options: WhyOptions) => ended(await (await import('./why.ts')).why(run, options, world)));

  const tiers = explained(program.command('tiers'), TIERS).helpCommand(false);
  withConfig(
    withAddress(explained(tiers.command('list', { isDefault: true }), LIST).option('--json', 'print {"tiers": […]} as one line of JSON')),
  ).action(async (options: TiersOptions) => ended(await (await import('./tiers.ts')).listTiers(options, world)));
  withConfig(
    withAddress(
      explained(tiers.command('set'), SET)
        .argument('<of>', 'model, agent or host')
        .argument('<name>', 'its name; of the host: threads')
        .argument('<tier>', '0, 1, 2, 3 or auto')
        .option('--json', 'print {"tiers": […]} as one line of JSON'),
    ),
  ).action(async (of: string, name: string, tier: string, options: TiersOptions) =>
    ended(await (await import('./tiers.ts')).setTier(of, name, tier, options, world)),
  );
}

const ONE = [
  ['0', 'done'],
  ['1', 'an error, such as no run of that name'],
] as const;

const WHY = {
  description: 'Tell why a run hangs: what it waits for, since when, and what would end that. Clients that read it too slowly, too.',
  examples: [
    ['claw why 3xKf', 'by the beginning of its id'],
    ['claw why 3xKf --json | jq -r .waits[0].for', 'for programs'],
  ],
  exits: ONE,
  more: ['A run may wait for: queue, disk, turn, budget, person, thread, rate limit, retry, first chunk, next chunk, tool, child, code.'],
} as const;

const TIERS = {
  description: 'Show how models, agents and threads fare, and which tier of recovery each is in for it; set one by hand.',
  examples: [
    ['claw tiers', 'those that fare badly first'],
    ['claw tiers set model main 3', 'level 1, answers in one piece, another model where there is one'],
    ['claw tiers set model main auto', 'as it fares'],
  ],
  exits: ONE,
  more: ['Tiers: 0 normal, 1 reconnecting, 2 restored, 3 static. When they are entered and left: tiers in openclaw.yaml.'],
} as const;

const LIST = { ...TIERS, more: [] } as const;

const SET = {
  description: 'Put a model, an agent or the threads into a tier, until it is set to auto or the server ends.',
  examples: TIERS.examples.slice(1),
  exits: ONE,
} as const;
