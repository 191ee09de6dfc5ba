import type { HouseTool } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { z } from 'zod';
import type { OpenFolder } from '../fs/port.ts';
import { type Given, valuesOf } from '../process/given.ts';
import type { Processes, ProcessSpec } from '../process/port.ts';
import { createTool, type House } from '../tool/create-tool.ts';
import { within } from '../tool/within.ts';
import { runProcess } from './run-process.ts';
import { sandboxArgs } from './sandbox.ts';

export interface ShellOptions {
  /** Names or absolute paths, exactly as a model has to write them. */
  readonly programs: readonly string[];
  /** Folders in which programs are looked for. */
  readonly path: readonly string[];
  /** All of the environment that programs get, besides PATH and HOME. */
  readonly env: Readonly<Record<string, Given>>;
  readonly network: boolean;
  readonly readable: readonly string[];
  /** Runs programs as they are where there is no bubblewrap; otherwise they are refused there. */
  readonly unsandboxed: boolean;
  readonly timeoutMs: number;
  /** Of standard output and error each. */
  readonly maxOutputBytes: number;
}

/** `shell.run`: one program with its arguments; no shell reads them. */
export function createShellTool(house: House, processes: Processes, openFolder: OpenFolder, options: ShellOptions): HouseTool {
  const { programs, timeoutMs } = options;
  let sandbox: Promise<string | undefined> | undefined;
  return createTool(house, {
    name: 'shell.run',
    description: `Runs a program in the workspace: its name and its arguments, as a list. There is no shell: no pipes, variables or wildcards. Programs: ${programs.join(', ')}.`,
    input: z.strictObject({
      argv: z.array(z.string().max(65_536)).min(1).max(1_000),
      input: z.string().max(1_048_576).optional(),
      timeoutMs: z.int().min(1).max(timeoutMs).optional(),
    }),
    sideEffects: true,
    onInterrupted: 'fail',
    timeoutMs,
    async run(args, { run, signal }) {
      const { workspace } = run;
      if (workspace === undefined)
        throw new OpenClawError('TOOL_FAILED', 'shell.run: this run has no workspace. Configure one for its agent.');
      const command = await commandOf(args.argv, processes, options);
      await openFolder(workspace);
      const box = await (sandbox ??= findSandbox(processes, workspace, options));
      // One that did not work may have wanted memory, or the workspace was being removed: the next call tries again.
      if (box === undefined) sandbox = undefined;
      const env = { PATH: options.path.join(':'), HOME: workspace, ...(await valuesOf(options.env)) };
      const spec = specOf(command, args.argv.slice(1), workspace, box, env, options);
      return within(house.clock, 'shell.run', args.timeoutMs ?? timeoutMs, signal, (inner) =>
        runProcess(processes, spec, args.input ?? '', options.maxOutputBytes, inner),
      );
    },
  });
}

/** Absolute path of the program. Throws `DENIED` where it is not on the list. */
async function commandOf(argv: readonly string[], processes: Processes, { programs, path }: ShellOptions): Promise<string> {
  const [program = ''] = argv;
  if (!programs.includes(program)) {
    throw new OpenClawError(
      'DENIED',
      `shell.run: ${JSON.stringify(program.slice(0, 100))} may not be run. These may: ${programs.join(', ')}.`,
    );
  }
  if (argv.some((arg) => arg.includes('\0')))
    throw new OpenClawError('DENIED', 'shell.run: an argument has a character that no argument has.');
  const command = await processes.find(program, path);
  if (command === undefined) throw new OpenClawError('TOOL_FAILED', `shell.run: ${program} is not installed.`);
  return command;
}

/** Absolute path of a bubblewrap that works: in many containers it is there and may not make namespaces. */
async function findSandbox(processes: Processes, workspace: string, options: ShellOptions): Promise<string | undefined> {
  const bubblewrap = await processes.find('bwrap', options.path);
  const nothing = await processes.find('true', options.path);
  if (bubblewrap === undefined || nothing === undefined) return undefined;
  const trial = processes.start({ command: bubblewrap, args: [...sandboxArgs({ workspace, ...options }), nothing], env: {} });
  trial.endInput();
  const ended = await trial.ended;
  trial.kill('now');
  return 'code' in ended && ended.code === 0 ? bubblewrap : undefined;
}

/** Throws `DENIED` where there is no sandbox and none was waived. */
function specOf(
  command: string,
  args: readonly string[],
  workspace: string,
  sandbox: string | undefined,
  env: Readonly<Record<string, string>>,
  options: ShellOptions,
): ProcessSpec {
  if (sandbox !== undefined) return { command: sandbox, args: [...sandboxArgs({ workspace, ...options }), command, ...args], env };
  if (options.unsandboxed) return { command, args, cwd: workspace, env };
  throw new OpenClawError(
    'DENIED',
    'shell.run: there is no sandbox that works on this machine. Install bubblewrap, or set unsandboxed: true.',
  );
}
