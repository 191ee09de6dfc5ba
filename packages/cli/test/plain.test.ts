import { describe, expect, test } from 'vitest';
import { excerpt, plainJson, plainLine, plainText, quoted } from '../src/commands/plain.ts';
import { createPrinter } from '../src/commands/printer.ts';
import { questionLines } from '../src/commands/question.ts';
import { shortId } from '../src/commands/short-id.ts';
import { createFakeWorld } from './fake-world.ts';

const TITLE = '\u001b]0;owned\u0007';
const usage = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0 };
const result = { status: 'completed' as const, text: '', thinking: '', toolCalls: [], usage, cost: undefined, level: undefined };

describe('what peers wrote', () => {
  test.each([
    ['\u001b[2J', '\\x1b[2J'],
    [TITLE, '\\x1b]0;owned\\x07'],
    ['\u009b31m', '\\x9b31m'],
    ['over\rwritten', 'over\\x0dwritten'],
    ['a\bb\u007f', 'a\\x08b\\x7f'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['one\r\ntwo\tthree', 'one\ntwo\tthree'],
    ['שלום, 日本語, 👨‍👩‍👧', 'שלום, 日本語, 👨‍👩‍👧'],
  ])('%j is shown as %j', (text, shown) => {
    expect(plainText(text)).toBe(shown);
  });

  test('in one line stays there, and hides nothing', () => {
    expect(plainLine('a\nclaw: allowed\tb\u200b\u00ad\u2028\ud800')).toBe('a\\nclaw: allowed\\tb\\u{200b}\\xad\\u{2028}\\u{d800}');
    expect(excerpt(`a  b\n${TITLE}`)).toBe('a b \\x1b]0;owned\\x07');
    expect(excerpt('x'.repeat(300), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(excerpt('😀'.repeat(20), 10)).toBe(`${'😀'.repeat(9)}…`);
  });

  test('no control character passes, wherever it stands', () => {
    for (let code = 0; code < 0x3000; code++) {
      const text = `a${String.fromCharCode(code)}b`;
      expect(plainText(text)).not.toMatch(/(?![\n\t])\p{Cc}/u);
      expect(plainLine(text)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(plainJson(text)).not.toMatch(/\p{Cc}/u);
      expect(JSON.parse(plainJson({ text }))).toEqual({ text });
    }
  });

  test('that is to be read exactly stands behind a margin, in each row', () => {
    const spoof = `{"a": 1}${' '.repeat(40)}\nclaw: y or n? y`;
    const lines = quoted(spoof, '  │ ', 30);
    expect(lines.every((line) => line.startsWith('  │ ') && line.length <= 30)).toBe(true);
    expect(lines.map((line) => line.slice(4)).join('')).toBe(spoof.replace('\n', ''));
    expect(quoted('日'.repeat(20), '| ', 22)).toEqual(['| 日日日日日日日日日日', '| 日日日日日日日日日日']);
    expect(questionLines({ about: 'tool', name: `sh\u001b[0m`, text: '{}' }, 80)).toEqual([
      'claw: may the agent call sh\\x1b[0m with exactly this?',
      '  │ {}',
    ]);
  });
});

describe('a printer', () => {
  test('writes a model’s text as it is into a pipe, and harmless to a terminal', () => {
    for (const [terminal, shown] of [
      [false, `${TITLE}\n`],
      [true, '\\x1b]0;owned\\x07\n'],
    ] as const) {
      const world = createFakeWorld(terminal);
      world.env.NO_COLOR = '1';
      const printer = createPrinter(world, false);
      printer.text(TITLE, 1);
      printer.end('r', result);
      expect(world.printed()).toBe(shown);
    }
  });

  test('lets nothing through in thinking, notes, asides, calls, values and errors', () => {
    const world = createFakeWorld(true);
    world.env.NO_COLOR = '1';
    const printer = createPrinter(world, false);
    printer.thinking(TITLE);
    printer.note(TITLE);
    printer.aside(TITLE);
    printer.end('r', { ...result, value: TITLE, toolCalls: [{ id: TITLE, name: TITLE, arguments: TITLE }] });
    printer.end('r', { ...result, status: 'failed', error: { code: 'TOOL_FAILED', message: TITLE } });
    expect(world.printed() + world.complained()).not.toMatch(/(?!\n)\p{Cc}/u);
    expect((world.printed() + world.complained()).match(/\\x1b\]0;owned\\x07/g)).toHaveLength(7);
  });

  test('says the calls that nobody answered; those of the house were said before', () => {
    const world = createFakeWorld();
    const printer = createPrinter(world, false);
    const toolCalls = ['a', 'b'].map((id) => ({ id, name: id, arguments: '{}' }));
    printer.answered('a');
    printer.end('r', { ...result, reason: 'tool_calls', toolCalls });
    printer.end('r', { ...result, reason: 'stop', toolCalls });
    expect(world.complained()).toBe('claw: the model calls b {}\n');
  });

  test('prints what an operation returned', () => {
    const world = createFakeWorld();
    const printer = createPrinter(world, false);
    printer.text('training', 1);
    printer.end('r', { ...result, value: '{"loss":0.5}' });
    expect(world.printed()).toBe('training\n{"loss":0.5}\n');
  });
});

test('the id of a run is short, unless it would look like an option', () => {
  expect([shortId('aB-d_fghijklmnopqrstuv'), shortId('-B-d_fghijklmnopqrstuv')]).toEqual(['aB-d_fgh', '-B-d_fghijklmnopqrstuv']);
});
