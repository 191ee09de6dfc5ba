import { OpenClawError } from '@openclaw-runtime/protocol';
import { CONSTANTS, FUNCTIONS } from './functions.ts';
import { type Token, tokensOf } from './tokens.ts';

/** Brackets, signs and powers inside each other. */
const MAX_DEPTH = 64;

/**
 * The value of an arithmetic expression: + - * / % ^ (also **), brackets, the names of `functions.ts`. Powers bind from the right and before a sign
 * (`-2^2` is -4). Throws `TOOL_FAILED` with the place of the first thing it does not understand, and where there is no finite value.
 */
export function evaluate(expression: string): number {
  const tokens = tokensOf(expression);
  const reader: Reader = { tokens, next: 0, depth: 0 };
  const value = sum(reader);
  const rest = peek(reader);
  if (rest.kind !== 'end') throw unexpected(rest);
  if (!Number.isFinite(value))
    throw new OpenClawError('TOOL_FAILED', 'calc: the expression has no finite value: a division by zero, or a number that is too large.');
  return value === 0 ? 0 : value;
}

interface Reader {
  readonly tokens: readonly Token[];
  next: number;
  depth: number;
}

function sum(reader: Reader): number {
  let value = product(reader);
  for (;;) {
    if (take(reader, '+')) value += product(reader);
    else if (take(reader, '-')) value -= product(reader);
    else return value;
  }
}

function product(reader: Reader): number {
  let value = signed(reader);
  for (;;) {
    if (take(reader, '*')) value *= signed(reader);
    else if (take(reader, '/')) value /= signed(reader);
    else if (take(reader, '%')) value %= signed(reader);
    else return value;
  }
}

function signed(reader: Reader): number {
  return deeper(reader, () => {
    if (take(reader, '-')) return -signed(reader);
    if (take(reader, '+')) return signed(reader);
    const base = single(reader);
    return take(reader, '^') ? base ** signed(reader) : base;
  });
}

function single(reader: Reader): number {
  const token = peek(reader);
  reader.next++;
  if (token.kind === 'number') return token.value;
  if (token.kind === 'name') return named(reader, token);
  if (token.kind === 'sign' && token.text === '(') {
    const value = sum(reader);
    expect(reader, ')');
    return value;
  }
  throw unexpected(token);
}

function named(reader: Reader, token: Token & { readonly kind: 'name' }): number {
  const constant = CONSTANTS.get(token.text);
  if (constant !== undefined) return constant;
  const found = FUNCTIONS.get(token.text);
  if (!found) throw new OpenClawError('TOOL_FAILED', `calc: "${token.text}" at ${token.at + 1} is not known. There are: ${known()}.`);
  expect(reader, '(');
  const args = [sum(reader)];
  while (take(reader, ',')) args.push(sum(reader));
  expect(reader, ')');
  const [least, most] = found.args;
  if (args.length < least || args.length > most) {
    throw new OpenClawError(
      'TOOL_FAILED',
      `calc: ${token.text} takes ${least === most ? least : `${least} to ${most}`} values, not ${args.length}.`,
    );
  }
  return found.of(...args);
}

function deeper(reader: Reader, read: () => number): number {
  if (++reader.depth > MAX_DEPTH) throw new OpenClawError('TOOL_FAILED', `calc: the expression is nested more than ${MAX_DEPTH} deep.`);
  const value = read();
  reader.depth--;
  return value;
}

function peek({ tokens, next }: Reader): Token {
  return tokens[next] ?? { kind: 'end', at: tokens.at(-1)?.at ?? 0 };
}

function take(reader: Reader, text: string): boolean {
  const token = peek(reader);
  if (token.kind !== 'sign' || token.text !== text) return false;
  reader.next++;
  return true;
}

function expect(reader: Reader, text: string): void {
  if (!take(reader, text)) throw unexpected(peek(reader), text);
}

function unexpected(token: Token, wanted?: string): OpenClawError {
  const what =
    token.kind === 'end'
      ? 'the expression ends too early'
      : `"${'text' in token ? token.text : token.value}" at ${token.at + 1} is not expected`;
  return new OpenClawError('TOOL_FAILED', `calc: ${what}${wanted === undefined ? '' : `; "${wanted}" should come here`}.`);
}

function known(): string {
  return [...CONSTANTS.keys(), ...FUNCTIONS.keys()].join(' ');
}
