import { OpenClawError } from '@openclaw-runtime/protocol';
import { Command, CommanderError } from 'commander';
import type { DoctorOptions } from './doctor.ts';
import type { RunOptions } from './run.ts';
import type { UpOptions } from './up.ts';
import type { World } from './world.ts';

const EXAMPLES = `
Examples:
  claw up                                   serve on ws://127.0.0.1:18789, data in ./.openclaw
  claw run "Why is the sky blue?"           one answer, streamed; serves it itself if no server runs
  OPENAI_BASE_URL=http://127.0.0.1:8000/v1 claw run --model llama-3-70b "Hello"
  claw run --json "Hello" | jq .text        the whole result as one line
  claw doctor                               what is wrong, and what to do about it

Without OPENAI_API_KEY, OPENAI_BASE_URL or openclaw.yaml the simulated model answers.`;

/** Runs the command line (what stands after the program's name). Resolves with the exit code; errors are printed, not thrown. */
export async function main(args: readonly string[], version: string, world: World): Promise<number> {
  let code = 0;
  const program = createProgram(version, world, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    report(error, args.includes('--json'), world);
    return 1;
  }
}

function createProgram(version: string, world: World, ended: (code: number) => void): Command {
  const program = new Command('claw')
    .description('An agent server that may be killed at any moment.')
    .version(version)
    .addHelpText('after', EXAMPLES)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.out.write(text),
      writeErr: (text) => world.err.write(text.replace(/^error: /, 'claw: ')),
    });

  withConfig(program.command('up'))
    .description('serve: store, runtime and gateway in one process')
    .option('--host <address>', 'where to listen (default 127.0.0.1; others need a token)')
    .option('--port <number>', 'port to listen on, 0 for any free one (default 18789)')
    .option('--metrics-port <number>', 'reserved for metrics, which are not served yet')
    .option('--json', 'print one line of JSON when ready')
    .action(async (options: UpOptions) => ended(await (await import('./up.ts')).up(options, world)));

  withConfig(program.command('run'))
    .description('run one prompt and print the answer as it comes')
    .argument('<prompt>', 'what to ask')
    .option('--agent <name>', 'the agent that answers (default: default)')
    .option('--model <name>', 'the model it uses')
    .option('--session <name>', 'the conversation this belongs to')
    .option('--url <address>', 'the server: ws://HOST:PORT or agent://ENVIRONMENT/CLUSTER')
    .option('--json', 'print the result as one line of JSON at the end')
    .action(async (prompt: string, options: RunOptions) => ended(await (await import('./run.ts')).run(prompt, options, world)));

  withConfig(program.command('doctor'))
    .description('look at everything a server needs')
    .option('--host <address>', 'as for up')
    .option('--port <number>', 'as for up')
    .option('--json', 'print the findings as one line of JSON')
    .action(async (options: DoctorOptions) => ended(await (await import('./doctor.ts')).doctor(options, world)));
  return program;
}

function withConfig(command: Command): Command {
  return command
    .option('--config <file>', 'configuration (default: $OPENCLAW_CONFIG, else ./openclaw.yaml)')
    .option('--data <folder>', 'data folder (default: $OPENCLAW_DATA, else ./.openclaw)');
}

function report(error: unknown, json: boolean, world: World): void {
  const { code, message } = OpenClawError.from(error);
  if (json) world.out.write(`${JSON.stringify({ error: { code, message } })}\n`);
  else world.err.write(`claw: ${code}: ${message}\n`);
}
