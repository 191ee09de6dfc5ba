import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { ApproveOptions } from './approve.ts';
import type { ForkOptions } from './fork.ts';
import type { ListOptions } from './list.ts';
import type { RunsOptions } from './runs.ts';
import type { TailOptions } from './tail.ts';

/** Adds `claw runs list|show|tail|approve|cancel|fork`. */
export function addRunsCommands(runs: Command, world: World, ended: (code: number) => void): void {
  explained(runs, RUNS).helpCommand(false);

  common(
    explained(runs.command('list'), LIST)
      .option('--limit <number>', 'how many runs, 1 to 1000', '20')
      .option('--status <status>', 'only these: running, completed, cancelled, failed, timed_out, needs_attention or budget_exhausted')
      .option('--before <number>', 'only runs older than this one’s "born", to page on')
      .option('--json', 'print {"runs": […], "next": …} as one line of JSON'),
  ).action(async (options: ListOptions) => ended(await (await import('./list.ts')).listRuns(options, world)));

  common(
    explained(runs.command('show'), SHOW)
      .argument('<run>', 'a run’s id, or as much of its beginning as is unique')
      .option('--json', 'print all of it as one line of JSON'),
  ).action(async (run: string, options: RunsOptions) => ended(await (await import('./show.ts')).showRun(run, options, world)));

  common(
    explained(runs.command('tail'), TAIL)
      .argument('<run>', 'a run’s id, or as much of its beginning as is unique')
      .option('--from <place>', 'start: all that was said; end: only what comes now', 'start')
      .option('--raw', 'print the records of its log, one a line, as JSON')
      .option('--json', 'the same as --raw'),
  ).action(async (run: string, options: TailOptions) => ended(await (await import('./tail.ts')).tailRun(run, options, world)));

  common(
    explained(runs.command('approve'), APPROVE)
      .argument('<run>', 'a run’s id, or as much of its beginning as is unique')
      .option('--approval <id>', 'only this one, where several things are asked')
      .option('--allow', 'allow without asking here')
      .option('--deny', 'deny without asking here')
      .option('--text <text>', 'in words: the answer to a question, or why not')
      .option('--json', 'print {"answers": [{"run", "id", "about", "name", "answer", "text"}]} as one line of JSON'),
  ).action(async (run: string, options: ApproveOptions) => ended(await (await import('./approve.ts')).approveRun(run, options, world)));

  common(
    explained(runs.command('cancel'), CANCEL)
      .argument('<run...>', 'ids, or as much of their beginning as is unique')
      .option('--json', 'print {"cancelled": […], "ended": […]} as one line of JSON'),
  ).action(async (names: string[], options: RunsOptions) => ended(await (await import('./cancel.ts')).cancelRuns(names, options, world)));

  common(
    explained(runs.command('fork'), FORK)
      .argument('<run>', 'a run’s id, or as much of its beginning as is unique')
      .option('--at <seq>', 'the last record both share (default: with --input the end of the last step, else the start of it)')
      .option('--model <name>', 'the model that goes on')
      .option('--input <text>', 'what is said next; "-" is stdin')
      .option('--json', 'print the result as one line of JSON at the end'),
  ).action(async (run: string, options: ForkOptions) => ended(await (await import('./fork.ts')).forkRun(run, options, world)));
}

function common(command: Command): Command {
  return withConfig(withAddress(command));
}

const ONE = [
  ['0', 'done'],
  ['1', 'an error, such as no run of that name'],
] as const;

const RUNS = {
  description: 'Look at runs and steer them.',
  examples: [
    ['claw runs list --status running', 'what is at work'],
    ['claw runs show 3xKf', 'one run, by the beginning of its id'],
  ],
  exits: ONE,
} as const;

const LIST = {
  description: 'List runs, newest first: those at work and those that ended.',
  examples: [
    ['claw runs list', 'the newest 20'],
    ['claw runs list --status failed --limit 100', 'what went wrong'],
    ['claw runs list --json | jq -r .runs[].run', 'their ids'],
  ],
  exits: ONE,
} as const;

const SHOW = {
  description: 'Show one run: what was asked, its steps, calls of tools, approvals and children as a tree, how it ended, tokens and times.',
  examples: [
    ['claw runs show 3xKf', 'for people'],
    ['claw runs show 3xKf --json | jq .steps', 'for programs'],
  ],
  exits: ONE,
  more: [
    `The JSON: what claw runs list says of the run, and request, messages: [{mode, text}], usage, outcome,
steps: [{step, seq, model, attempts, retries, resumed, finish, usage, text, toolCalls: [{id, name, arguments, started?, ms?, content?, error?}]}],
approvals: [{seq, id, about, name, text, hash, expiresAt, given?: {answer, text?, command?}}], pieces: [{seq, what, name, n, ms, value?, error?}],
events: [{seq, name, data}], lost: [{seq, error, restarts}], saved?: {count, seq, version, characters},
children: [{seq, child, agent, name, status?, run?: the same of the child}]. seq is the record where each begins.`,
  ],
} as const;

const TAIL = {
  description: 'Follow a run to its end: its text and what happens beside it as it comes, or its records.',
  examples: [
    ['claw runs tail 3xKf', 'all it said, then what it says'],
    ['claw runs tail 3xKf --from end', 'only what comes from now on'],
    ['claw runs tail 3xKf --raw', 'each record of its log, as JSON'],
  ],
  exits: [
    ['0', 'the run was completed'],
    ['1', 'it ended otherwise, or there was an error'],
    ['130', 'interrupted; the run goes on'],
  ],
} as const;

const APPROVE = {
  description:
    'Answer what a run asks a person: whether a tool may be called with exactly these arguments, or a question. Its children’s too.',
  examples: [
    ['claw runs approve 3xKf', 'shows what is asked, and asks for y or n'],
    ['claw runs approve 3xKf --deny --text "Not on a Friday."', 'the model is told why'],
    ['claw runs approve 3xKf --text "blue"', 'answers a question'],
    ['claw runs approve 3xKf --approval 2.1 --allow', 'one of several, from a script'],
  ],
  exits: [
    ['0', 'the answers are kept; the first one to each question counts'],
    ['1', 'an error, such as a run that asks for nothing'],
  ],
  more: ['claw chat asks while it talks. What nobody answers in time is denied.'],
} as const;

const CANCEL = {
  description: 'Cancel runs. A run that ended already stays as it is.',
  examples: [
    ['claw runs cancel 3xKf', 'one'],
    ['claw runs list --status running --json | jq -r .runs[].run | xargs claw runs cancel', 'all that are at work'],
  ],
  exits: ONE,
} as const;

const FORK = {
  description: 'Go another way from a point of a run’s past: a new run that shares its records up to there. The old one stays as it is.',
  examples: [
    ['claw runs fork 3xKf', 'ask the last step again'],
    ['claw runs fork 3xKf --model gpt-5', 'the same, of another model'],
    ['claw runs fork 3xKf --input "Shorter, please."', 'another continuation'],
    ['claw runs fork 3xKf --at 17', 'from after its record 17'],
  ],
  exits: [
    ['0', 'the new run was completed'],
    ['1', 'it ended otherwise, or there was an error'],
    ['130', 'interrupted: the new run was cancelled'],
  ],
} as const;
