import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { RunsOptions } from '../runs/runs.ts';

/** Adds `claw snapshots list|show|diff|fork|restore`. */
export function addSnapshotCommands(snapshots: Command, world: World, ended: (code: number) => void): void {
  explained(snapshots, SNAPSHOTS).helpCommand(false);

  common(
    explained(snapshots.command('list'), LIST)
      .argument('<run>', 'a run’s id, or as much of its beginning as is unique')
      .option('--json', 'print {"run", "agent", "snapshots": [{"seq", "version", "characters", "pieces"}]} as one line of JSON'),
  ).action(async (run: string, options: RunsOptions) => ended(await (await import('./list.ts')).listSnapshots(run, options, world)));

  common(
    explained(snapshots.command('show'), SHOW)
      .argument('<snapshot>', PLACE)
      .option('--json', 'print {"run", "seq", "version", "state"} as one line of JSON'),
  ).action(async (place: string, options: RunsOptions) => ended(await (await import('./show.ts')).showSnapshot(place, options, world)));

  common(
    explained(snapshots.command('diff'), DIFF)
      .argument('<snapshot>', PLACE)
      .argument('[other]', 'the later one (default: the first is compared with the one before it)')
      .option('--json', 'print {"before", "after", "changes": [{"path", "before", "after"}]} as one line of JSON'),
  ).action(async (first: string, second: string | undefined, options: RunsOptions) =>
    ended(await (await import('./diff.ts')).diffSnapshots(first, second, options, world)),
  );

  common(
    explained(snapshots.command('fork'), FORK)
      .argument('<snapshot>', PLACE)
      .option('--json', 'print the result as one line of JSON at the end'),
  ).action(async (place: string, options: RunsOptions) => ended(await (await import('./go-on.ts')).goOnFrom(place, false, options, world)));

  common(
    explained(snapshots.command('restore'), RESTORE)
      .argument('<snapshot>', PLACE)
      .option('--json', 'print the result as one line of JSON at the end'),
  ).action(async (place: string, options: RunsOptions) => ended(await (await import('./go-on.ts')).goOnFrom(place, true, options, world)));
}

function common(command: Command): Command {
  return withConfig(withAddress(command));
}

const PLACE = 'RUN or RUN@SEQ: of that run the last snapshot, or the last at or before that record';

const ONE = [
  ['0', 'done'],
  ['1', 'an error, such as a run without snapshots'],
] as const;

const FOLLOWED = [
  ['0', 'the new run was completed'],
  ['1', 'it ended otherwise, or there was an error'],
  ['130', 'interrupted: the new run was cancelled'],
] as const;

const SNAPSHOTS = {
  description: 'Look at the states that agents saved in their runs, and go on from them.',
  examples: [
    ['claw snapshots list 3xKf', 'all of one run'],
    ['claw snapshots restore 3xKf', 'go on from where a failed run was'],
  ],
  exits: ONE,
} as const;

const LIST = {
  description: 'List the snapshots of a run, oldest first.',
  examples: [
    ['claw snapshots list 3xKf', 'by the beginning of its id'],
    ['claw snapshots list 3xKf --json | jq .snapshots[-1].seq', 'the last one’s record'],
  ],
  exits: ONE,
} as const;

const SHOW = {
  description: 'Show the state in a snapshot.',
  examples: [
    ['claw snapshots show 3xKf', 'the last one'],
    ['claw snapshots show 3xKf@120 --json | jq .state.epoch', 'one field of an earlier one'],
  ],
  exits: ONE,
} as const;

const DIFF = {
  description: 'Show what changed from one snapshot to another.',
  examples: [
    ['claw snapshots diff 3xKf', 'the last two'],
    ['claw snapshots diff 3xKf@120 9aQz', 'of two runs'],
  ],
  exits: ONE,
} as const;

const FORK = {
  description: 'Go another way from a snapshot: a new run with the same past. The old one stays as it is.',
  examples: [
    ['claw snapshots fork 3xKf', 'from the last one'],
    ['claw snapshots fork 3xKf@120', 'from an earlier one'],
  ],
  exits: FOLLOWED,
} as const;

const RESTORE = {
  description: 'Go on from a snapshot of a run that has ended, such as one that failed.',
  examples: [
    ['claw snapshots restore 3xKf', 'from its last one'],
    ['claw snapshots restore 3xKf@120', 'from before something went wrong'],
  ],
  exits: FOLLOWED,
} as const;
