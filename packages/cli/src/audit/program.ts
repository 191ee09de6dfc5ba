import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import type { DataOptions } from '../data/options.ts';
import { explained, withConfig } from '../help/explained.ts';
import type { TailOptions } from './tail.ts';

/** Adds `claw audit`. */
export function addAuditCommands(audit: Command, world: World, ended: (code: number) => void): void {
  explained(audit, AUDIT);
  withConfig(explained(audit.command('verify'), VERIFY))
    .option('--json', 'print the report as one line of JSON')
    .action(async (options: DataOptions) => ended(await (await import('./verify.ts')).verifyLog(options, world)));

  withConfig(explained(audit.command('tail'), TAIL))
    .option('-n, --lines <number>', 'how many of the last records', '20')
    .option('-f, --follow', 'go on with those that come, until interrupted')
    .option('--json', 'print the records as they are kept, one line of JSON each')
    .action(async (options: TailOptions) => ended(await (await import('./tail.ts')).tail(options, world)));
}

const AUDIT = {
  description: 'The audit log: who did what of that which matters, and who was kept from what.',
  examples: [
    ['claw audit tail', 'the last records'],
    ['claw audit verify', 'whether it is as it was written'],
  ],
  exits: [
    ['0', 'done'],
    ['1', 'a record is missing or was changed, or there was an error'],
  ],
} as const;

const VERIFY = {
  description:
    'Compare each record with its seal, with the one before it, and the last with the sealed head. Says at which record something is wrong. A server may write it meanwhile.',
  examples: [
    ['claw audit verify', 'of the data folder of this directory'],
    ['claw audit verify --json | jq .faults', 'for programs'],
  ],
  exits: [
    ['0', 'the log is as it was written'],
    ['1', 'a record is missing, was changed, or stands elsewhere; or there was an error'],
  ],
} as const;

const TAIL = {
  description: 'Print the last records of the audit log.',
  examples: [
    ['claw audit tail -n 100', 'the last hundred'],
    ['claw audit tail --follow', 'and those that come'],
    ['claw audit tail --json | jq -r "select(.decision == \\"refused\\") | .principal"', 'for programs'],
  ],
  exits: [
    ['0', 'printed'],
    ['1', 'there was an error'],
    ['130', 'interrupted while it followed'],
  ],
} as const;
