import type { Command } from 'commander';
import { STATUSES } from '../runs/runs.ts';

/** One command as completion sees it. */
export interface Node {
  /** Its words after the program's name; none for the program itself. */
  readonly words: readonly string[];
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly { readonly flags: readonly string[]; readonly summary: string; readonly value: Value | undefined }[];
  /** What stands where no option does. */
  readonly argument: Value | undefined;
}

/** What may follow an option, or stand as an argument. */
export type Value = 'file' | 'folder' | 'anything' | readonly string[];

/** The program and all commands below it, each after its parent. */
export function nodesOf(command: Command, words: readonly string[] = []): Node[] {
  const { options, registeredArguments, commands } = command;
  const [argument] = registeredArguments;
  const node: Node = {
    words,
    subcommands: commands.map((each) => ({ name: each.name(), summary: each.summary() })),
    options: [
      ...options.map(({ short, long, description, required, flags }) => ({
        flags: [short, long].filter((flag) => flag !== undefined && flag !== null),
        summary: description,
        value: required ? valueOf(/<([^>.]+)/.exec(flags)?.[1], commands) : undefined,
      })),
      { flags: ['-h', '--help'], summary: 'print this help', value: undefined },
    ],
    argument: argument && valueOf(argument.name(), (command.parent ?? command).commands),
  };
  return [node, ...commands.flatMap((each) => nodesOf(each, [...words, each.name()]))];
}

function valueOf(placeholder: string | undefined, commands: readonly Command[]): Value {
  switch (placeholder) {
    case 'file':
    case 'path':
      return 'file';
    case 'folder':
      return 'folder';
    case 'status':
      return STATUSES;
    case 'level':
      return ['1', '2', '3', '4', 'auto'];
    case 'place':
      return ['start', 'end'];
    case 'shell':
      return ['bash', 'zsh', 'fish'];
    case 'topic':
      return [...commands.map((each) => each.name()), 'config', 'environment', 'exit-codes'];
    default:
      return 'anything';
  }
}
