import { OpenClawError } from '@openclaw-runtime/protocol';
import { Command, CommanderError } from 'commander';
import { addAuditCommands } from './audit/program.ts';
import { addBudgetCommands } from './budget/program.ts';
import type { ChatOptions } from './chat/options.ts';
import type { DoctorOptions } from './commands/doctor.ts';
import { plainJson, plainText } from './commands/plain.ts';
import type { RunOptions } from './commands/run.ts';
import type { UpOptions } from './commands/up.ts';
import type { World } from './commands/world.ts';
import { addDataCommands } from './data/program.ts';
import { explained, withAddress, withConfig } from './help/explained.ts';
import { addKeysCommands } from './keys/program.ts';
import { addMcpCommands } from './mcp/program.ts';
import { addMonitoringCommands } from './monitoring/program.ts';
import { addPredictCommand } from './predict/program.ts';
import { addRunsCommands } from './runs/program.ts';
import { addSnapshotCommands } from './snapshots/program.ts';
import { addStatusCommands } from './status/program.ts';
import { addWhyCommands } from './why/program.ts';

/** Runs the command line (what stands after the program's name). Resolves with the exit code; errors are printed, not thrown. */
export async function main(args: readonly string[], version: string, world: World): Promise<number> {
  let code = 0;
  const program = createProgram(version, world, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(idsLast(args, program), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    report(error, args.includes('--json'), world);
    return 1;
  }
}

const LEADING_DASH = /^-[\w-]{21}(@\d+)?$/;

/** The id of a run may begin with a dash; it is no option for that, whether it stands alone or is an option's value. */
function idsLast(args: readonly string[], program: Command): string[] {
  const takesIds = ['runs', 'snapshots', 'budget', 'why', 'erase'].includes(args[0] ?? '');
  if (!takesIds || args.includes('--') || !args.some((word) => LEADING_DASH.test(word))) return [...args];
  const valued = flagsWithValue(program);
  const words: string[] = [];
  const ids: string[] = [];
  for (const word of args) {
    const flag = words.at(-1) ?? '';
    if (!LEADING_DASH.test(word)) words.push(word);
    else if (valued.has(flag)) words.splice(-1, 1, `${flag}=${word}`);
    else ids.push(word);
  }
  return ids.length === 0 ? words : [...words, '--', ...ids];
}

function flagsWithValue({ options, commands }: Command): ReadonlySet<string> {
  const own = options.flatMap(({ long, required, optional }) => (long && (required || optional) ? [long] : []));
  return new Set([...own, ...commands.flatMap((each) => [...flagsWithValue(each)])]);
}

/** The tree of commands: what help, completion and the parser all read. */
export function createProgram(version: string, world: World, ended: (code: number) => void): Command {
  const program = explained(new Command('claw'), {
    description: 'An agent server that may be killed at any moment, and what talks to it.',
    examples: [
      ['claw up', 'serve on ws://127.0.0.1:18789, data in ./.openclaw'],
      ['claw run "Why is the sky blue?"', 'one answer, streamed; serves it itself if no server runs'],
      ['claw chat', 'a conversation that goes on after a restart'],
      ['claw runs list', 'what was asked, newest first'],
      ['claw run --json "Hello" | jq .text', 'the whole result as one line'],
    ],
    exits: [
      ['0', 'what was asked for was done'],
      ['1', 'an error, or a run that ended otherwise than completed'],
      ['130', 'interrupted (Ctrl-C)'],
    ],
    more: [
      'Without a provider in the environment or openclaw.yaml the simulated model answers.',
      'Topics: claw help config, claw help environment, claw help exit-codes.',
    ],
  })
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      writeOut: (text) => world.out.write(text),
      writeErr: (text) => world.err.write(text.replace(/^error: /, 'claw: ')),
    });

  withConfig(
    explained(program.command('up'), UP)
      .option('--host <address>', 'where to listen; others than loopback need a token (default: 127.0.0.1)')
      .option('--port <number>', 'port to listen on, 0 for any free one (default: 18789)')
      .option('--hosts <number>', 'processes that run agents’ code, 0 for none but this one (default: 0)')
      .option('--metrics-port <number>', 'port that Prometheus reads metrics from, 0 for any free one (default: 9090 if it is free)')
      .option('--json', 'print one line of JSON when ready'),
  ).action(async (options: UpOptions) => ended(await (await import('./commands/up.ts')).up(options, world, version)));

  withConfig(
    withAddress(
      explained(program.command('run'), RUN)
        .argument('[prompt]', 'what to ask; "-", or nothing while something is piped in: read it from stdin')
        .option('--agent <name>', 'the agent that answers (default: default)')
        .option('--model <name>', 'the model it uses (default: the agent’s)')
        .option('--session <name>', 'the conversation this belongs to')
        .option('--level <level>', 'depth of reasoning: 1, 2, 3, 4 or auto')
        .option('--budget <dollars>', 'what it may spend, with all runs that it starts; where that is not enough it waits')
        .option('--operation <name>', 'carry out this operation of the agent instead; the prompt may then be left out')
        .option('--args <json>', 'what the operation is given, as JSON; "-" is stdin')
        .option('--file <path>', 'put the text of this file before the prompt; "-" is stdin')
        .option('--no-stream', 'print nothing before the answer is whole')
        .option('--json', 'print the result as one line of JSON at the end'),
    ),
  ).action(async (prompt: string | undefined, options: RunOptions) =>
    ended(await (await import('./commands/run.ts')).run(prompt, options, world)),
  );

  withConfig(
    withAddress(
      explained(program.command('chat'), CHAT)
        .option('--agent <name>', 'the agent that answers (default: default)')
        .option('--model <name>', 'the model it uses (default: the agent’s)')
        .option('--session <name>', 'the conversation, which goes on where it was', 'chat')
        .option('--level <level>', 'depth of reasoning: 1, 2, 3, 4 or auto')
        .option('--json', 'read one message a line, print one result a line as JSON'),
    ),
  ).action(async (options: ChatOptions) => ended(await (await import('./chat/chat.ts')).chat(options, world)));

  addPredictCommand(program.command('predict'), world, ended);
  addRunsCommands(program.command('runs'), world, ended);
  addSnapshotCommands(program.command('snapshots'), world, ended);
  addBudgetCommands(program.command('budget'), world, ended);
  addMcpCommands(program.command('mcp'), world, ended);
  addKeysCommands(program.command('keys'), world, ended);
  addStatusCommands(program, world, ended);
  addWhyCommands(program, world, ended);
  addAuditCommands(program.command('audit'), world, ended);
  addDataCommands(program, world, ended);
  addMonitoringCommands(program, world, ended);

  withConfig(
    explained(program.command('doctor'), DOCTOR)
      .option('--host <address>', 'as for up')
      .option('--port <number>', 'as for up')
      .option('--json', 'print the findings as one line of JSON'),
  ).action(async (options: DoctorOptions) => ended(await (await import('./commands/doctor.ts')).doctor(options, world)));

  explained(program.command('completion'), COMPLETION)
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => world.out.write((await import('./completion/completion.ts')).completion(shell, program)));

  explained(program.command('help'), HELP)
    .argument('[topic...]', 'a command, or one of: config, environment, exit-codes')
    .action(async (words: string[]) => (await import('./help/topics.ts')).printHelp(words, program, world));
  return program;
}

const UP = {
  description: 'Serve: store, runtime and gateway in one process. What was running when the last server died goes on.',
  examples: [
    ['claw up', 'on this machine only'],
    ['claw up --port 0 --json', 'on any free port, which the one line of JSON names'],
    ['OPENCLAW_TOKEN=… claw up --host 0.0.0.0', 'for others, with a token'],
  ],
  exits: [
    ['0', 'stopped by SIGINT or SIGTERM; clients were told'],
    ['1', 'the server could not start, or its disk failed'],
    ['130, 143', 'a second signal ended it at once'],
  ],
} as const;

const RUN = {
  description: 'Ask one thing and print the answer as it comes. Uses the server that has the data folder open, or serves it itself.',
  examples: [
    ['claw run "Why is the sky blue?"', 'text on stdout, everything else on stderr'],
    ['git diff | claw run "Review this:" --file -', 'a prompt and what it is about'],
    ['echo "Hello" | claw run', 'the prompt from stdin'],
    ['claw run --json "Hello" | jq .text', 'the whole result as one line'],
    ['claw run --agent trainer --operation train --args \'{"epochs": 3}\'', 'an operation; what it returns is printed'],
  ],
  exits: [
    ['0', 'the run was completed'],
    ['1', 'it ended otherwise, or there was an error'],
    ['130', 'interrupted: the run was cancelled'],
  ],
} as const;

const CHAT = {
  description:
    'Talk: a conversation on this terminal. It is kept by its name at the server, so it goes on after either side was restarted.',
  examples: [
    ['claw chat', 'go on with the session "chat"'],
    ['claw chat --session plans --model gpt-5', 'another conversation, another model'],
    ['printf "Hi\\nAnd now?\\n" | claw chat --json', 'without a terminal: one turn a line, one result a line'],
  ],
  exits: [
    ['0', 'left by /quit, Ctrl-D or the end of the input'],
    ['1', 'an error; without a terminal also: the last run ended otherwise than completed'],
    ['130', 'left by Ctrl-C'],
  ],
  more: [
    'Keys: Enter sends; Alt-Enter, Ctrl-J or a \\ at the end of a line begins a new line; Esc or Ctrl-C stops the answer (what is typed is then answered at once).',
    'What is sent while an answer comes reaches it at its next step; /queue TEXT lets it wait for the end, /interrupt TEXT stops the answer for it.',
    'Where the agent asks whether it may call a tool, y or n answers; where it asks a question, what is typed. Also /allow [TEXT] and /deny [TEXT].',
    'Also: /new [SESSION], /model [NAME], /help, /quit.',
  ],
} as const;

const DOCTOR = {
  description: 'Look at everything a server needs, and say what to do about what is wrong.',
  examples: [
    ['claw doctor', 'a line for each thing, what to do below'],
    ['claw doctor --json | jq .ok', 'for programs'],
  ],
  exits: [
    ['0', 'a server would work'],
    ['1', 'something would keep it from working'],
  ],
} as const;

const COMPLETION = {
  description: 'Print a script that completes commands and options in a shell.',
  examples: [
    ['source <(claw completion bash)', 'for this bash; for all: put it into ~/.bashrc'],
    ['claw completion zsh > ~/.zfunc/_claw', 'with fpath+=~/.zfunc and compinit in ~/.zshrc'],
    ['claw completion fish > ~/.config/fish/completions/claw.fish', 'for fish'],
  ],
  exits: [
    ['0', 'printed'],
    ['1', 'there is no such shell'],
  ],
} as const;

const HELP = {
  description: 'Explain a command or a topic.',
  examples: [
    ['claw help run', 'as claw run --help'],
    ['claw help config', 'what openclaw.yaml may say'],
  ],
  exits: [
    ['0', 'printed'],
    ['1', 'there is no such topic'],
  ],
} as const;

function report(error: unknown, json: boolean, world: World): void {
  const { code, message } = OpenClawError.from(error);
  if (json) world.out.write(`${plainJson({ error: { code, message } })}\n`);
  else world.err.write(`claw: ${plainText(`${code}: ${message}`)}\n`);
}
