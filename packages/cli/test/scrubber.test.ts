import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFinder } from '../src/secrets/finder.ts';
import { createScrubber } from '../src/secrets/scrubber.ts';
import { Secret } from '../src/secrets/secret.ts';
import { createFakeClock } from './fixtures/clock.ts';

/** A scrubber that has seen these values. */
function scrubberOf(...values: readonly string[]) {
  const secrets = values.map((value) => new Secret(() => value));
  const scrubber = createScrubber(secrets, createFakeClock());
  for (const secret of secrets) secret.reveal();
  return scrubber;
}

describe('what a scrubber hides', () => {
  const value = 'sk-"canary"/+é?';
  const { scrub } = scrubberOf(value, 'another-one');

  test.each([
    ['itself', value],
    ['in JSON', JSON.stringify({ value }).slice(10, -2)],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ value })).slice(14, -4)],
    ['in a URL', encodeURIComponent(value)],
    ['in a form', new URLSearchParams({ value }).toString().slice(6)],
    ['in a path', encodeURI(value)],
    [
      'in a URL, with small letters',
      encodeURIComponent(value).replaceAll('%2F', '%2f').replaceAll('%2B', '%2b').replaceAll('%3F', '%3f').replaceAll('%C3%A9', '%c3%a9'),
    ],
    ['in hex', Buffer.from(value).toString('hex')],
    ['in base64', Buffer.from(value).toString('base64')],
    ['in base64url', Buffer.from(value).toString('base64url')],
  ])('%s', (_name, form) => {
    expect(scrub(`before ${form} after`)).toBe('before [secret] after');
    expect(scrub(form)).toBe('[secret]');
  });

  test('as a part of something in base64, wherever it begins', () => {
    for (const user of ['', 'a', 'ab', 'abc', 'abcd']) {
      for (const rest of ['', '!', '!!', '!!!']) {
        for (const encoding of ['base64', 'base64url'] as const) {
          const said = scrub(Buffer.from(`${user}:${value}${rest}`).toString(encoding));
          expect(said).toContain('[secret]');
          expect(Buffer.from(said.replace('[secret]', ''), encoding).toString('latin1')).not.toMatch(/canary|sk-"/);
        }
      }
    }
  });

  test('all of them, and neighbours that overlap as one', () => {
    expect(scrub(`another-one, ${value}, another-one`)).toBe('[secret], [secret], [secret]');
    expect(scrubberOf('aaaabbbb', 'bbbbcccc').scrub('xaaaabbbbccccx')).toBe('x[secret]x');
    expect(scrubberOf('aaaabbbb', 'aaaabbbbcccc').scrub('aaaabbbbccccdddd')).toBe('[secret]dddd');
  });

  test('nothing of what is short, and a text without secrets stays the very same', () => {
    expect(scrubberOf('short').scrub('a short text')).toBe('a short text');
    expect(scrub('nothing here')).toBe('nothing here');
  });
});

test('a finder finds what indexOf finds (property)', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 8, maxLength: 12 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 200 });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 5 }), fc.array(fc.oneof(text, letters), { maxLength: 5 }), (patterns, parts) => {
      const all = [...parts, ...patterns.slice(0, 1), ...parts].join('');
      const hidden = new Set(createFinder(patterns, 8)(all).flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
      const wanted = new Set(
        patterns.flatMap((pattern) =>
          all.split('').flatMap((_, at) => (all.startsWith(pattern, at) ? Array.from({ length: pattern.length }, (_, i) => at + i) : [])),
        ),
      );
      expect(hidden).toEqual(wanted);
    }),
  );
});

test('a value that was replaced is hidden for an hour more', () => {
  const clock = createFakeClock();
  let value = 'the-old-value';
  const secret = new Secret(() => value);
  const { scrub, close } = createScrubber([secret], clock);
  expect(scrub('the-old-value')).toBe('the-old-value');
  secret.reveal();
  value = 'the-new-value';
  expect(secret.reveal()).toBe('the-new-value');
  expect(scrub('the-old-value the-new-value')).toBe('[secret] [secret]');
  clock.advance(3_599_999);
  expect(scrub('the-old-value')).toBe('[secret]');
  clock.advance(1);
  expect(scrub('the-old-value the-new-value')).toBe('the-old-value [secret]');
  close();
});

test('a value that two secrets have is hidden as long as one of them has it', () => {
  const clock = createFakeClock();
  let value = 'in-both-places';
  const [one, two] = [new Secret(() => value), new Secret(() => 'in-both-places')];
  const { scrub } = createScrubber([one, two], clock);
  one.reveal();
  two.reveal();
  value = 'somewhere-else';
  one.reveal();
  clock.advance(7_200_000);
  expect(scrub('in-both-places somewhere-else')).toBe('[secret] [secret]');
});

test('a megabyte without secrets costs a few milliseconds, with a hundred secrets too', () => {
  const { scrub } = scrubberOf(...Array.from({ length: 100 }, (_, i) => Buffer.from(`value ${i} ${i * 7919}`).toString('base64')));
  const words = 'The quick brown fox jumps over the lazy dog; {"level": 1, "text": "Hello, world"}\n';
  const text = words.repeat(Math.ceil(1_048_576 / words.length));
  scrub(text);
  // Of this thread, and of several times: what else the machine does is not judged, and a processor's time is counted coarsely.
  const times = 10;
  const began = process.threadCpuUsage();
  for (let i = 0; i < times; i++) expect(scrub(text)).toBe(text);
  const { user, system } = process.threadCpuUsage(began);
  const tookMs = (user + system) / 1_000 / times;
  console.log(`1 MB against 100 secrets: ${tookMs.toFixed(1)} ms`);
  expect(tookMs).toBeLessThan(200);
});

test('more secrets may come and go: those that went are hidden for an hour more', () => {
  const clock = createFakeClock();
  const [first, second] = ['value number one', 'value number two'].map((value) => new Secret(() => value)) as [Secret, Secret];
  const scrubber = createScrubber([first], clock);
  const forget = scrubber.watch([second]);
  first.reveal();
  second.reveal();
  forget();
  forget();
  const both = 'value number one, value number two';
  expect(scrubber.scrub(both)).toBe('[secret], [secret]');
  clock.advance(3_600_001);
  expect(scrubber.scrub(both)).toBe('[secret], value number two');
});
