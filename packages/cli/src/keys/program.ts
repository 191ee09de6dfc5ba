import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { CreateOptions } from './create.ts';
import type { KeysOptions } from './list.ts';
import type { RotateOptions } from './rotate.ts';

/** Adds `claw keys list|create|rotate|revoke`. */
export function addKeysCommands(keys: Command, world: World, ended: (code: number) => void): void {
  explained(keys, KEYS).helpCommand(false);

  common(explained(keys.command('list', { isDefault: true }), LIST))
    .option('--all', 'also those that were revoked or have expired')
    .option('--json', 'print {"keys": [{"id", "name", "tenant", "scopes", "createdMs", "by", …}]} as one line of JSON')
    .action(async (options: KeysOptions) => ended(await (await import('./list.ts')).listKeys(options, world)));

  common(explained(keys.command('create'), CREATE))
    .argument('<name>', 'whose it is or what it is for: only for you to read')
    .option('--scopes <list>', 'what it may do: read, run, approve, operate, admin (default: read,run)')
    .option('--tenant <name>', 'whose data it is for: it sees no others (default: yours)')
    .option('--expires <duration>', 'after which it opens nothing, such as 90d (default: never)')
    .option('--json', 'print {"key": {…}, "text"} as one line of JSON')
    .action(async (name: string, options: CreateOptions) => ended(await (await import('./create.ts')).createKey(name, options, world)));

  common(explained(keys.command('rotate'), ROTATE))
    .argument('<id>', 'the id of a key, or as much of its beginning as is unique')
    .option('--grace <duration>', 'how long the secret before is taken as well, such as 1h (default: not at all)')
    .option('--json', 'print {"key": {…}, "text"} as one line of JSON')
    .action(async (id: string, options: RotateOptions) => ended(await (await import('./rotate.ts')).rotateKey(id, options, world)));

  common(explained(keys.command('revoke'), REVOKE))
    .argument('<id>', 'the id of a key, or as much of its beginning as is unique')
    .option('--json', 'print {"key": {…}} as one line of JSON')
    .action(async (id: string, options: KeysOptions) => ended(await (await import('./revoke.ts')).revokeKey(id, options, world)));
}

function common(command: Command): Command {
  return withConfig(withAddress(command));
}

const EXITS = [
  ['0', 'done'],
  ['1', 'an error, such as no key of that id, or one that may not be made by who asks'],
] as const;

const MORE = ['A client gives its key as its token: OPENCLAW_TOKEN, or "Authorization: Bearer KEY". See docs/identity.md.'];

const KEYS = {
  description: 'Make keys for those who use the server, and take them back.',
  examples: [
    ['claw keys', 'those that there are'],
    ['claw keys create ci --scopes read,run --expires 90d', 'one for a program'],
    ['claw keys revoke 4fTq', 'it opens nothing from now on'],
  ],
  exits: EXITS,
  more: ['Once there is a key, nobody comes in without one, a token or a JWT; commands on this machine do, through the data folder.'],
} as const;

const LIST = {
  description: 'List the keys. What they are is shown once, when they are made: nobody has it afterwards.',
  examples: [
    ['claw keys list', 'a line each'],
    ['claw keys list --all --json | jq .keys', 'for programs, with those that are over'],
  ],
  exits: EXITS,
} as const;

const CREATE = {
  description: 'Make a key. It is printed once; only its hash is kept.',
  examples: [
    ['claw keys create ci', 'may read and run'],
    ['claw keys create alice --tenant acme --scopes read,run,approve', 'for another tenant'],
    ['OPENCLAW_TOKEN=$(claw keys create me --json | jq -r .text) claw chat --url ws://host:18789', 'straight into a client'],
  ],
  exits: EXITS,
  more: MORE,
} as const;

const ROTATE = {
  description: 'Give a key another secret. It keeps its id, its scopes and its end.',
  examples: [
    ['claw keys rotate 4fTq --grace 1h', 'clients have an hour to take the new one'],
    ['claw keys rotate 4fTq', 'the one before opens nothing from now on'],
  ],
  exits: EXITS,
  more: MORE,
} as const;

const REVOKE = {
  description: 'Take a key back, for good. Who is connected with it is disconnected within seconds.',
  examples: [
    ['claw keys revoke 4fTq', 'by as much of its id as is unique'],
    ['claw keys revoke 4fTq8sKz01a --json', 'for programs'],
  ],
  exits: EXITS,
} as const;
