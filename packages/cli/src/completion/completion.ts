import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Command } from 'commander';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { nodesOf } from './tree.ts';
import { zshScript } from './zsh.ts';

export type CompletionShell = 'bash' | 'zsh' | 'fish';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** A script that completes this program's commands and options. Throws `BAD_REQUEST` for another shell. */
export function completion(shell: string, program: Command): string {
  if (!Object.hasOwn(SCRIPTS, shell)) throw new OpenClawError('BAD_REQUEST', `There is no completion for ${shell}. Use bash, zsh or fish.`);
  return SCRIPTS[shell as CompletionShell](nodesOf(program));
}
