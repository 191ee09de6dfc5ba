import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ERRORS, type ErrorCode, HTTP_STATUS, PROTOCOL_VERSION, SUBPROTOCOL } from '../src/index.ts';
import { upFrameSchema } from '../src/schema.ts';

/** One line per version that was ever released; never change an old one. */
const PINNED: Record<number, string> = {
  1: 'abfe02004fbdde1b5aba4b7df75c89b4',
};

test('what travels is what this version of the protocol says', () => {
  const hash = createHash('sha256').update(wire()).digest('hex').slice(0, 32);
  expect(
    hash,
    `The wire changed. If an older peer would misread it, raise PROTOCOL_VERSION and SUBPROTOCOL in src/version.ts; then pin ${hash} for the version here.`,
  ).toBe(PINNED[PROTOCOL_VERSION]);
});

test('the subprotocol names the version', () => {
  expect(SUBPROTOCOL.endsWith(`.v${PROTOCOL_VERSION}`)).toBe(true);
});

/** Everything a peer depends on: schemas upwards, types downwards, records, and the error words. */
function wire(): string {
  const errors = Object.entries(ERRORS).map(([code, row]) => [
    code,
    HTTP_STATUS[code as ErrorCode],
    'close' in row ? row.close : null,
    row.retryable,
  ]);
  return JSON.stringify([
    SUBPROTOCOL,
    z.toJSONSchema(upFrameSchema),
    ['up', 'down', 'record', 'message', 'fold'].map(declarations),
    errors,
  ]);
}

/** The exported types of a source file without comments and white space. */
function declarations(name: string): string[] {
  const source = readFileSync(new URL(`../src/${name}.ts`, import.meta.url), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/.*$/gm, '');
  const found = source.match(/^export (?:interface [\s\S]*?^\}|type [\s\S]*?;$)/gm) ?? [];
  return found.map((text) => text.replaceAll(/\s+/g, ''));
}
