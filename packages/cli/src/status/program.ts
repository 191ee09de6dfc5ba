import type { Command } from 'commander';
import type { ServerOptions } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { StatusOptions } from './status.ts';

/** Adds `claw status` and `claw reload`. */
export function addStatusCommands(program: Command, world: World, ended: (code: number) => void): void {
  withConfig(
    withAddress(
      explained(program.command('status'), STATUS)
        .option('--once', 'on a terminal, too: print it and end')
        .option('--watch', 'each second anew, also where the output is no terminal')
        .option('--json', 'print it as one line of JSON'),
    ),
  ).action(async (options: StatusOptions) => ended(await (await import('./status.ts')).status(options, world)));

  withConfig(
    withAddress(
      explained(program.command('reload'), RELOAD).option(
        '--json',
        'print {"outcome", "at", "applied", "waiting", "problem"} as one line of JSON',
      ),
    ),
  ).action(async (options: ServerOptions & { readonly json?: boolean }) =>
    ended(await (await import('./reload.ts')).reload(options, world)),
  );
}

const STATUS = {
  description:
    'Show how a server is: runs, tokens a second, latency, threads, tiers, budgets that are nearly used up, and alerts. On a terminal it goes on, each second anew.',
  examples: [
    ['claw status', 'until Ctrl-C'],
    ['claw status --once', 'as it is now'],
    ['claw status --json | jq .runs.working', 'for programs'],
    ['claw status --watch --json > status.ndjson', 'a line each second'],
  ],
  exits: [
    ['0', 'shown'],
    ['1', 'no server answers'],
  ],
  more: ['Why a single run hangs: claw why. How each model fares: claw tiers.'],
} as const;

const RELOAD = {
  description:
    'Have a server read its configuration again, while it is at work, as SIGHUP does. A configuration that is wrong is refused as a whole; nothing is interrupted.',
  examples: [
    ['claw reload', 'what is another now, and what waits for a restart'],
    ['claw reload --json | jq -r .waiting[]', 'for programs'],
  ],
  exits: [
    ['0', 'it holds'],
    ['1', 'it was refused, and the one before stays; or no server answers'],
  ],
  more: [
    'At once: models, providers, prices, agents, limits, budgets, tiers, reasoning, retention, origins, thresholds, secrets.',
    'With a restart: addresses and ports, the data folder, threads, tools, MCP servers, modules of agents, tracing.',
  ],
} as const;
