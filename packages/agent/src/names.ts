import { OpenClawError } from '@openclaw-runtime/protocol';

/** What model providers take for a tool's name. */
const TOOL = /^[A-Za-z0-9_-]{1,64}$/;
const OTHER = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$/;

/** Throws `BAD_CONFIG` unless it can name a tool. */
export function checkToolName(name: unknown): void {
  if (typeof name === 'string' && TOOL.test(name)) return;
  throw wrong(`A tool cannot be named ${shown(name)}. Use 1 to 64 letters, digits, _ and -; model providers take no others.`);
}

/** Throws `BAD_CONFIG` unless it can name an agent or an operation. */
export function checkName(what: string, name: unknown): void {
  if (typeof name === 'string' && OTHER.test(name)) return;
  throw wrong(
    `${what} cannot be named ${shown(name)}. Use 1 to 128 letters, digits, _, -, . and :, beginning with a letter, a digit or _.`,
  );
}

/** Throws `BAD_CONFIG` unless it is absent or a number that lies between the two. */
export function checkNumber(what: string, value: unknown, least: number, most: number): void {
  if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) return;
  throw wrong(`${what} is ${shown(value)}. Give a number from ${least} to ${most}.`);
}

export function wrong(message: string): OpenClawError {
  return new OpenClawError('BAD_CONFIG', message);
}

export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 200)) : String(value);
}
