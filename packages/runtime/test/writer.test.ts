import type { Clock, Wheel } from '@openclaw-runtime/kit';
import {
  applyRecord,
  decodeRecord,
  emptyFold,
  encodeRecord,
  foldText,
  foldThinking,
  NO_USAGE,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Lease } from '@openclaw-runtime/store';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RunWriter } from '../src/run/writer.ts';

interface Desk {
  readonly writer: RunWriter;
  /** Records in the order of their appends. */
  readonly wires: () => WireRecord[];
  readonly appends: { readonly records: readonly string[]; readonly durability: string; readonly done: boolean }[];
  /** Milliseconds of the timers that were set. */
  readonly timers: readonly number[];
  /** The intervals are over. */
  tick(): void;
  /** Nothing is said for so long. */
  pause(ms: number): void;
}

function desk(intervalMs = 30): Desk {
  const appends: { records: readonly string[]; durability: string; done: boolean }[] = [];
  const timers: number[] = [];
  let due: (() => void)[] = [];
  let nowMs = 0;
  const clock = { now: () => nowMs } as Clock;
  const set = <T>(ms: number, fn: (arg: T, now: number) => void, arg: T): void => {
    timers.push(ms);
    due.push(() => fn(arg, 0));
  };
  const wheel: Wheel = { after: set, at: set };
  const lease = {
    append: (records: readonly string[], durability: string, done = false) => void appends.push({ records, durability, done }),
  } as unknown as Lease;
  return {
    writer: new RunWriter(lease, { clock, wheel, intervalMs, textDurability: 'process' }),
    appends,
    timers,
    wires: () => appends.flatMap(({ records }) => records.map((record) => JSON.parse(record) as WireRecord)),
    tick() {
      const now = due;
      due = [];
      for (const fire of now) fire();
    },
    pause: (ms) => void (nowMs += ms),
  };
}

describe('text', () => {
  test('goes at once when it is the first of its flow, and is then gathered for the interval', () => {
    const { writer, wires, timers, tick } = desk(30);
    for (const delta of ['one ', 'two ', 'three']) writer.text('text', 1, 1, delta);
    expect(wires()).toEqual([['text', 1, 1, 'one ']]);
    expect(timers).toEqual([30]);
    tick();
    expect(wires().slice(1)).toEqual([['text', 1, 1, 'two three', [4, 5]]]);
    writer.text('text', 1, 1, ' four');
    expect(wires()).toHaveLength(2);
    tick();
    expect(wires()[2]).toEqual(['text', 1, 1, ' four']);
  });

  test('of a slow model does not wait, but for what came with it', () => {
    const { writer, wires, timers, tick, pause } = desk(30);
    writer.text('text', 1, 1, 'one ');
    pause(15);
    for (const delta of ['two ', 'three ']) writer.text('text', 1, 1, delta);
    tick();
    pause(14);
    writer.text('text', 1, 1, 'four');
    expect(timers).toEqual([0, 30]);
    expect(wires().slice(1)).toEqual([['text', 1, 1, 'two three ', [4, 6]]]);
  });

  test('goes before its interval when 4 KiB are gathered', () => {
    const { writer, wires } = desk();
    writer.text('text', 1, 1, 'first');
    const delta = 'x'.repeat(1_000);
    for (let i = 0; i < 5; i++) writer.text('text', 1, 1, delta);
    expect(wires()).toEqual([
      ['text', 1, 1, 'first'],
      ['text', 1, 1, delta.repeat(5), [1_000, 1_000, 1_000, 1_000, 1_000]],
    ]);
  });

  test('of one delta of any size goes in records of at most 64 KiB, no surrogate pair parted', () => {
    const { writer, wires } = desk();
    const delta = `x${'🦊'.repeat(100_000)}`;
    writer.text('text', 1, 1, delta);
    writer.flush();
    const texts = wires().map(([, , , text]) => text as string);
    expect(texts.join('') === delta).toBe(true);
    expect(texts.length).toBeGreaterThan(3);
    for (const text of texts) {
      expect(text.length).toBeLessThanOrEqual(64 * 1024 + 4096);
      expect(text.isWellFormed()).toBe(true);
    }
  });

  test('that changes its flow, its step or its attempt begins a new record', () => {
    const { writer, wires } = desk();
    writer.text('thinking', 1, 1, 'a');
    writer.text('thinking', 1, 1, 'b');
    writer.text('text', 1, 1, 'c');
    writer.text('text', 1, 1, 'd');
    writer.text('text', 1, 2, 'e');
    writer.flush();
    expect(wires()).toEqual([
      ['thinking', 1, 1, 'a'],
      ['thinking', 1, 1, 'b'],
      ['text', 1, 1, 'c'],
      ['text', 1, 1, 'd'],
      ['text', 1, 2, 'e'],
    ]);
  });

  test('is gone when the lease is: nothing is appended any more, at no time', () => {
    const { writer, appends, tick } = desk();
    for (const delta of ['a', 'b']) writer.text('text', 1, 1, delta);
    writer.drop();
    writer.text('text', 1, 1, 'c');
    tick();
    writer.flush();
    expect(appends.map(({ records }) => records)).toEqual([[encodeRecord('text', 1, 1, 'a')]]);
  });
});

test('another record goes with the text before it, and never overtakes it; what ends a run goes in one append on disk', () => {
  const { writer, appends } = desk();
  for (const delta of ['a', 'b', 'c']) writer.text('text', 1, 1, delta);
  writer.record('step.retried', 1, 1, { error: { code: 'PROVIDER_FAILED', message: 'm' }, delayMs: 5 }, 'process');
  writer.text('text', 1, 1, 'd');
  const usage = NO_USAGE;
  writer.append(
    [
      encodeRecord('step.ended', 1, 1, { finish: 'stop', usage }),
      encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage }),
    ],
    true,
  );
  const kinds = appends.map(({ records, durability, done }) => [
    records.map((record) => (JSON.parse(record) as WireRecord)[0]),
    durability,
    done,
  ]);
  expect(kinds).toEqual([
    [['text'], 'process', false],
    [['text', 'step.retried'], 'process', false],
    [['text', 'step.ended', 'run.finished'], 'disk', true],
  ]);
});

test('whatever comes, in whatever pieces and rhythm: the records fold to exactly it, and name each delta', () => {
  const happening = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        flow: fc.constantFrom('text', 'thinking'),
        delta: fc.string({ minLength: 1, maxLength: 5_000, unit: 'binary' }),
      }),
    },
    { weight: 1, arbitrary: fc.constant('tick' as const) },
    { weight: 1, arbitrary: fc.constant('record' as const) },
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), (happenings) => {
      const { writer, wires, tick } = desk();
      const said = { text: '', thinking: '' };
      const deltas: number[] = [];
      writer.record('step.started', 1, 1, { model: 'm' }, 'process');
      for (const each of happenings) {
        if (each === 'tick') tick();
        else if (each === 'record')
          writer.record('step.retried', 1, 1, { error: { code: 'INTERNAL', message: '' }, delayMs: 0 }, 'process');
        else {
          said[each.flow] += each.delta;
          deltas.push(each.delta.length);
          writer.text(each.flow, 1, 1, each.delta);
        }
      }
      writer.flush();
      const fold = emptyFold();
      wires().forEach((wire, i) => applyRecord(fold, decodeRecord(wire, i + 1)));
      expect({ text: foldText(fold), thinking: foldThinking(fold) }).toEqual(said);
      expect(writer.said).toEqual(said);
      const texts = wires().filter(([kind]) => kind === 'text' || kind === 'thinking');
      expect(texts.flatMap(([, , , text, parts]) => parts ?? [(text as string).length])).toEqual(deltas);
    }),
    { numRuns: 200 },
  );
});
