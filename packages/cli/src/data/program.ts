import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained, withConfig } from '../help/explained.ts';
import type { BackupOptions } from './backup.ts';
import type { EraseFlags } from './erase.ts';
import type { DataOptions } from './options.ts';
import type { RestoreFlags } from './restore.ts';

/** Adds `claw backup`, `claw restore`, `claw verify` and `claw erase`. */
export function addDataCommands(program: Command, world: World, ended: (code: number) => void): void {
  withConfig(explained(program.command('backup'), BACKUP))
    .argument('[file]', 'where it goes; "-" is stdout (default: openclaw-TIME.backup in this folder)')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print {"file", "bytes"} as one line of JSON')
    .action(async (file: string | undefined, options: BackupOptions) =>
      ended(await (await import('./backup.ts')).backup(file, options, world)),
    );

  withConfig(explained(program.command('restore'), RESTORE))
    .argument('<file>', 'what claw backup wrote')
    .option('--force', 'put data that are there aside, into a folder beside them')
    .option('--json', 'print {"data", "bytes", "at", "runs", "aside"} as one line of JSON')
    .action(async (file: string, options: RestoreFlags) => ended(await (await import('./restore.ts')).restore(file, options, world)));

  withConfig(explained(program.command('verify'), VERIFY))
    .option('--json', 'print the report as one line of JSON')
    .action(async (options: DataOptions) => ended(await (await import('./verify.ts')).verify(options, world)));

  withConfig(explained(program.command('erase'), ERASE))
    .argument('[run]', 'the id of a run, or its unique beginning; those that it started go with it')
    .option('--tenant <name>', 'whose run it is; without a run: all that there is of this tenant')
    .option('--yes', 'do not ask')
    .option('--json', 'print the report as one line of JSON')
    .action(async (run: string | undefined, options: EraseFlags) => ended(await (await import('./erase.ts')).erase(run, options, world)));
}

const BACKUP = {
  description:
    'Copy all data into one file, while the server works or while there is none. The file holds the key of the run ids: keep it as you keep the data.',
  examples: [
    ['claw backup', 'into openclaw-TIME.backup in this folder'],
    ['claw backup /backups/today.backup --force', 'replace yesterday’s'],
    ['claw backup - | ssh vault "cat > claw.backup"', 'to another machine'],
  ],
  exits: [
    ['0', 'the file is there, whole'],
    ['1', 'there was an error; nothing was left behind'],
    ['130', 'interrupted; nothing was left behind'],
  ],
} as const;

const RESTORE = {
  description:
    'Put a backup in place of a data folder’s data. It is checked whole first; runs that were at work when it was made go on at the next claw up.',
  examples: [
    ['claw restore today.backup', 'into an empty or new data folder'],
    ['claw restore today.backup --data /srv/claw --force', 'put aside what is there'],
  ],
  exits: [
    ['0', 'the data are in place'],
    ['1', 'there was an error, such as a copy that is not whole; nothing was changed'],
    ['130', 'interrupted; nothing was changed'],
  ],
} as const;

const ERASE = {
  description:
    'Delete a run, or all that there is of a tenant, to the last byte: records, snapshots, commands, sessions, files of tools, and what earlier versions of them left in the data folder. Runs at work are cancelled first. The audit log and keys stay, and backups are not touched.',
  examples: [
    ['claw erase 3xKf', 'one run, those that it started, and what their sessions remember'],
    ['claw erase --tenant acme --yes --json', 'all of a tenant, for programs'],
  ],
  exits: [
    ['0', 'nothing of it is left'],
    ['1', 'there was an error, or something is damaged, and some of it may be left'],
    ['130', 'interrupted; what was begun goes on'],
  ],
} as const;

const VERIFY = {
  description:
    'Read all data and compare them with their checksums, chains and snapshots, while the server works or while there is none. Changes nothing.',
  examples: [
    ['claw verify', 'what there is, and what is damaged'],
    ['claw verify --json | jq .damaged', 'for programs'],
  ],
  exits: [
    ['0', 'nothing is damaged'],
    ['1', 'something is damaged, or there was an error'],
    ['130', 'interrupted'],
  ],
} as const;
