import { resolve } from 'node:path';
import type { RunOptions as Asked, Level } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { parseNumber } from '../config/units.ts';
import { followRun } from './follow.ts';
import { type ServerOptions, withServer } from './server.ts';
import type { World } from './world.ts';

export interface RunOptions extends ServerOptions {
  readonly agent?: string;
  readonly model?: string;
  readonly session?: string;
  readonly level?: string;
  readonly budget?: string;
  readonly file?: string;
  readonly operation?: string;
  readonly args?: string;
  readonly stream?: boolean;
  readonly json?: boolean;
}

/** Runs one prompt and prints the answer as it comes. Resolves with the exit code. */
export async function run(prompt: string | undefined, options: RunOptions, world: World): Promise<number> {
  const level = parseLevel(options.level);
  const budget = parseBudget(options.budget);
  const asked = await askedOf(prompt, options, world);
  const { agent, model, session, stream, json } = options;
  return withServer(options, world, async (server) => {
    const client = await server.client();
    const settings = { ...(agent && { agent }), ...(model && { model }), ...(session && { session }), ...(level && { level }), ...budget };
    return followRun(server, () => client.run({ ...asked, ...settings }), { json, stream, onInterrupt: 'cancel' }, world);
  });
}

/** `1`–`4` or `auto`. Throws `BAD_REQUEST`. */
export function parseLevel(text: string | undefined): Level | undefined {
  if (text === undefined || text === 'auto') return text;
  if (/^[1-4]$/.test(text)) return Number(text) as Level;
  throw new OpenClawError('BAD_REQUEST', `--level: ${JSON.stringify(text)} is none of 1, 2, 3, 4 and auto.`);
}

/** US dollars. Throws `BAD_REQUEST`. */
function parseBudget(text: string | undefined): { readonly budget?: number } {
  if (text === undefined) return {};
  const budget = parseNumber(text);
  if (budget !== undefined && budget >= 0 && budget <= 1_000_000) return { budget };
  throw new OpenClawError('BAD_REQUEST', `--budget: ${JSON.stringify(text)} is no amount of US dollars, such as 0.5.`);
}

/** An operation needs no prompt, and reads stdin only where it is told to. */
async function askedOf(prompt: string | undefined, { operation, args, file }: RunOptions, world: World): Promise<Asked> {
  if (operation === undefined) {
    if (args !== undefined) throw new OpenClawError('BAD_REQUEST', '--args are those of an operation. Name it with --operation.');
    return { input: await inputOf(prompt, file, world) };
  }
  if (args === '-' && (prompt === '-' || file === '-'))
    throw new OpenClawError('BAD_REQUEST', '--args and the prompt cannot both be stdin. Write one of them.');
  const given = args === undefined ? {} : { args: parseArgs(args === '-' ? await world.input.read() : args) };
  const isNamed = prompt === undefined && file === undefined;
  return { operation, ...given, ...(isNamed ? {} : { input: await inputOf(prompt, file, world) }) };
}

function parseArgs(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OpenClawError(
      'BAD_REQUEST',
      `--args: this is not JSON (${(error as Error).message}). Quote it for the shell: --args '{"n": 1}'.`,
    );
  }
}

/** The file's text, then the prompt; stdin stands in where one of them is `-`, or where there is neither and something is piped in. */
export async function inputOf(
  prompt: string | undefined,
  file: string | undefined,
  world: Pick<World, 'input' | 'config'>,
): Promise<string> {
  const fromStdin = prompt === '-' || file === '-' || (prompt === undefined && file === undefined && !world.input.isTty);
  if (prompt === '-' && file === '-')
    throw new OpenClawError('BAD_REQUEST', 'The prompt and --file cannot both be stdin. Name a file, or write the prompt.');
  const piped = fromStdin ? (await world.input.read()).trimEnd() : '';
  const parts = [file === '-' ? piped : file === undefined ? '' : textOf(file, world), file !== '-' && fromStdin ? piped : (prompt ?? '')];
  const input = parts.filter((part) => part !== '').join('\n\n');
  if (input !== '') return input;
  throw new OpenClawError('BAD_REQUEST', 'There is no prompt. Write it behind the command, pipe it in, or name a --file.');
}

function textOf(path: string, { config }: Pick<World, 'config'>): string {
  const text = config.readFile(resolve(config.cwd, path));
  if (text === undefined) throw new OpenClawError('BAD_REQUEST', `There is no file ${path}.`);
  return text.trimEnd();
}
