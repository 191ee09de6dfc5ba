import { resolve } from 'node:path';
import type { Level } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { followRun } from './follow.ts';
import { type ServerOptions, withServer } from './server.ts';
import type { World } from './world.ts';

export interface RunOptions extends ServerOptions {
  readonly agent?: string;
  readonly model?: string;
  readonly session?: string;
  readonly level?: string;
  readonly file?: string;
  readonly stream?: boolean;
  readonly json?: boolean;
}

/** Runs one prompt and prints the answer as it comes. Resolves with the exit code. */
export async function run(prompt: string | undefined, options: RunOptions, world: World): Promise<number> {
  const level = parseLevel(options.level);
  const input = await inputOf(prompt, options.file, world);
  const { agent, model, session, stream, json } = options;
  return withServer(options, world, async (server) => {
    const client = await server.client();
    const asked = { input, ...(agent && { agent }), ...(model && { model }), ...(session && { session }), ...(level && { level }) };
    return followRun(server, () => client.run(asked), { json, stream, onInterrupt: 'cancel' }, world);
  });
}

/** `1`–`4` or `auto`. Throws `BAD_REQUEST`. */
export function parseLevel(text: string | undefined): Level | undefined {
  if (text === undefined || text === 'auto') return text;
  if (/^[1-4]$/.test(text)) return Number(text) as Level;
  throw new OpenClawError('BAD_REQUEST', `--level: ${JSON.stringify(text)} is none of 1, 2, 3, 4 and auto.`);
}

/** The file's text, then the prompt; stdin stands in where one of them is `-`, or where there is neither and something is piped in. */
async function inputOf(prompt: string | undefined, file: string | undefined, world: World): Promise<string> {
  const fromStdin = prompt === '-' || file === '-' || (prompt === undefined && file === undefined && !world.input.isTty);
  if (prompt === '-' && file === '-')
    throw new OpenClawError('BAD_REQUEST', 'The prompt and --file cannot both be stdin. Name a file, or write the prompt.');
  const piped = fromStdin ? (await world.input.read()).trimEnd() : '';
  const parts = [file === '-' ? piped : file === undefined ? '' : textOf(file, world), file !== '-' && fromStdin ? piped : (prompt ?? '')];
  const input = parts.filter((part) => part !== '').join('\n\n');
  if (input !== '') return input;
  throw new OpenClawError('BAD_REQUEST', 'There is no prompt. Write it behind claw run, pipe it in, or name a --file.');
}

function textOf(path: string, { config }: World): string {
  const text = config.readFile(resolve(config.cwd, path));
  if (text === undefined) throw new OpenClawError('BAD_REQUEST', `There is no file ${path}.`);
  return text.trimEnd();
}
