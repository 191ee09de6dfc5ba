import { describe, expect, test } from 'vitest';
import { type Draft, EMPTY_DRAFT, edit, sent } from '../src/chat/editor.ts';
import { createKeyDecoder, type Key } from '../src/chat/keys.ts';
import { layOut } from '../src/chat/layout.ts';
import { createScreen } from '../src/chat/screen.ts';
import { parseWord } from '../src/chat/words.ts';
import { createTerminal } from './terminal.ts';

describe('what a terminal sends', () => {
  const keysOf = (...data: string[]): Key[] => {
    const decode = createKeyDecoder();
    return data.flatMap(decode);
  };

  test('is text, keys and sequences, several in one piece', () => {
    expect(keysOf('hé\u{1f600}\u001b[D\u007f\r')).toEqual([
      { kind: 'text', text: 'hé\u{1f600}' },
      { kind: 'left' },
      { kind: 'backspace' },
      { kind: 'enter' },
    ]);
  });

  test('an escape alone is the Escape key; before a letter it is Alt; unknown sequences are nothing', () => {
    expect(keysOf('\u001b')).toEqual([{ kind: 'escape' }]);
    expect(keysOf('\u001bb', '\u001b\r', '\u001b[13;2u')).toEqual([{ kind: 'word-left' }, { kind: 'newline' }, { kind: 'newline' }]);
    expect(keysOf('a\u001b[99;5Xb\u001b[20~\u0007')).toEqual([
      { kind: 'text', text: 'a' },
      { kind: 'text', text: 'b' },
    ]);
  });

  test('a paste is one key, line feeds and escapes and all, also in pieces', () => {
    const whole = '\u001b[200~one\r\ntwo\rthree\u001b[201~\r';
    const expected = [{ kind: 'paste', text: 'one\ntwo\nthree' }, { kind: 'enter' }];
    expect(keysOf(whole)).toEqual(expected);
    for (let cut = 7; cut < whole.length - 7; cut++) expect(keysOf(whole.slice(0, cut), whole.slice(cut))).toEqual(expected);
  });
});

describe('what is typed', () => {
  const type = (data: string, draft: Draft = EMPTY_DRAFT): Draft => createKeyDecoder()(data).reduce(edit, draft);
  const marked = ({ text, cursor }: Draft): string => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

  test.each([
    ['hello', 'hello|'],
    ['helo\u001b[Dl', 'hell|o'],
    ['ab\u007f', 'a|'],
    ['\u007f', '|'],
    ['a\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u007f', 'a|'],
    ['e\u0301\u001b[Dx', 'x|e\u0301'],
    ['ab\u001b[D\u001b[D\u001b[3~', '|b'],
    ['one two\u0017', 'one |'],
    ['one two  \u0017', 'one |'],
    ['one\ntwo\u0015', 'one\n|'],
    ['one\ntwo\u0001\u000b', 'one\n|'],
    ['one two\u001bb\u001bbx', 'x|one two'],
    ['one two\u0001\u001bfx', 'onex| two'],
    ['one\ntwo\u0001x\u0005y', 'one\nxtwoy|'],
  ])('%j is %j', (data, expected) => {
    expect(marked(type(data))).toBe(expected);
  });

  test('what was sent comes back, and the draft after it', () => {
    const draft = type('draft', sent(type('second', sent(type('first')))));
    const up = '\u001b[A';
    const down = '\u001b[B';
    expect(marked(type(up, draft))).toBe('second|');
    expect(marked(type(up + up + up, draft))).toBe('first|');
    expect(marked(type(up + up + down + down, draft))).toBe('draft|');
    expect(sent(type('second', draft)).history).toHaveLength(3);
  });
});

test('a text is laid out behind the prompt, wrapped at the width, wide characters as two', () => {
  expect(layOut('ab', 1, 80)).toEqual({ rows: ['❯ ab'], row: 0, column: 3 });
  expect(layOut('one\ntwo', 7, 80)).toEqual({ rows: ['❯ one', '  two'], row: 1, column: 5 });
  expect(layOut('abcdefghij', 10, 9).rows).toEqual(['❯ abcdef', '  ghij']);
  expect(layOut('日本語', 3, 8)).toEqual({ rows: ['❯ 日本', '  語'], row: 1, column: 4 });
});

describe('the screen', () => {
  test('what is said waits while somebody types an answer, and follows when it is sent', () => {
    const terminal = createTerminal(20);
    const screen = createScreen(terminal);
    screen.output.write('The sky');
    screen.open('w', 1, true);
    screen.output.write(' is blue.');
    screen.open('why', 3, true);
    expect(terminal.rows()).toEqual(['The sky', '❯ why']);
    screen.close('❯ why\n');
    expect(terminal.rows()).toEqual(['The sky', '❯ why', ' is blue.']);
  });

  test('what somebody has to see at once does not wait, and leaves what is typed as it is', () => {
    const terminal = createTerminal(20);
    const screen = createScreen(terminal);
    screen.output.write('Well, ');
    screen.open('bl', 2, true);
    screen.output.write('now. ');
    screen.line('claw: which colour?');
    screen.flush();
    expect(terminal.rows()).toEqual(['Well, ', 'now. claw: which col', 'our?', '❯ bl']);
    expect(terminal.cursor()).toEqual([3, 4]);
    screen.output.write('later');
    screen.close();
    expect(terminal.rows()).toEqual(['Well, ', 'now. claw: which col', 'our?', 'later']);
  });

  test('what is told while nothing is awaited stands above what is typed', () => {
    const terminal = createTerminal(20);
    const screen = createScreen(terminal);
    screen.open('hello\nthere', 4, false);
    screen.output.write('claw: the server is gone\n');
    expect(terminal.rows()).toEqual(['claw: the server is ', 'gone', '❯ hello', '  there']);
    expect(terminal.cursor()).toEqual([2, 6]);
    screen.close();
    expect(terminal.rows()).toEqual(['claw: the server is ', 'gone']);
  });

  test('a text of several rows is drawn again in its place, whatever its length', () => {
    const terminal = createTerminal(10);
    const screen = createScreen(terminal);
    screen.output.write('above\n');
    for (const text of ['one', 'one two three', 'one two three\nfour five six', 'x', '']) screen.open(text, text.length, false);
    expect(terminal.rows()).toEqual(['above', '❯ ']);
  });
});

test('a slash begins a word of the chat, two a text with one', () => {
  expect(parseWord('  hi there ')).toEqual({ kind: 'say', text: 'hi there', mode: undefined });
  expect(parseWord('//etc')).toEqual({ kind: 'say', text: '/etc', mode: undefined });
  expect(parseWord('/queue and\nthen')).toEqual({ kind: 'say', text: 'and\nthen', mode: 'queue' });
  expect(parseWord('/interrupt no')).toEqual({ kind: 'say', text: 'no', mode: 'interrupt' });
  expect(parseWord('/queue')).toMatchObject({ kind: 'unknown' });
  expect(parseWord('/new')).toEqual({ kind: 'new', name: undefined });
  expect(parseWord('/model gpt')).toEqual({ kind: 'model', name: 'gpt' });
  expect(parseWord('/hepl')).toMatchObject({ kind: 'unknown', says: expect.stringContaining('/help') });
  expect(parseWord(' ')).toEqual({ kind: 'nothing' });
});
