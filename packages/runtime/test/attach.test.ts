import { foldText, OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { createArena, Died, type Models, type Play } from './arena.ts';
import { type Act, foldOf, kindsOf, openTestHouse, said } from './house.ts';

const broke = new OpenClawError('PROVIDER_FAILED', 'broke off');
const unknown = new OpenClawError('NOT_FOUND', 'there is no such response');
const keeper: Models = { m: { attach: true, prefix: true } };
const texts = (arena: { records(): readonly { kind: string; attempt: number }[] }) => arena.records().filter(({ kind }) => kind === 'text');

/** A provider that keeps its responses and answers otherwise at each new one. `cuts`: after how many words each call breaks off, or its owner dies. */
function keeping(cuts: readonly (number | Error)[], words = ['one ', 'two ', 'three']): Play & { begun: number } {
  const play = (request: Parameters<Play>[0], sink: Parameters<Play>[1], call: number) => {
    const cut = cuts[call - 1] ?? Number.POSITIVE_INFINITY;
    if (cut instanceof Error && cut !== dies) throw cut;
    const nth = request.attach === undefined ? ++counted.begun : Number(request.attach.slice(1));
    if (request.attach === undefined) sink.responding(`r${nth}`);
    const all = words.map((word) => (nth === 1 ? word : `${nth}: ${word} `));
    const until = cut === dies ? 1 : (cut as number);
    for (const word of all.slice(0, until)) sink.text(word);
    if (cut === dies) throw new Died();
    if (until < all.length) throw broke;
    return said;
  };
  const counted = Object.assign(play, { begun: 0 });
  return counted;
}
const dies = new Error('dies here');

test('a response that broke off in the middle is read again, not asked again', async () => {
  const play = keeping([2, 1, 0]);
  const arena = createArena(play, { models: keeper });
  expect(await arena.run()).toMatchObject({ text: 'one two three', attempt: 1 });
  expect(arena.requests.map(({ attach }) => attach)).toEqual([undefined, 'r1', 'r1', 'r1']);
  expect(play.begun).toBe(1);
  expect(texts(arena).every(({ attempt }) => attempt === 1)).toBe(true);
  expect(arena.records().filter(({ kind }) => kind === 'step.responding')).toHaveLength(1);
  expect(foldText(arena.fold())).toBe('one two three');
});

test('a response that broke off before its first word is read again too', async () => {
  const play = keeping([0]);
  const arena = createArena(play, { models: keeper });
  expect(await arena.run()).toMatchObject({ text: 'one two three' });
  expect(play.begun).toBe(1);
});

test('whoever goes on for a dead owner reads the response again: byte for byte and silently', async () => {
  const play = keeping([dies, dies]);
  const arena = createArena(play, { models: keeper });
  expect(await arena.run()).toMatchObject({ text: 'one two three', attempt: 1 });
  expect(play.begun).toBe(1);
  const resumed = arena.records().flatMap((record) => (record.kind === 'step.resumed' ? [record.data.by] : []));
  expect(resumed).toEqual(['attach', 'attach']);
});

describe('a response that the provider does not know any more', () => {
  test('is asked for once, then the next rung is taken at once', async () => {
    const play = keeping([1, unknown, 1]);
    const arena = createArena(play, { models: { m: { attach: true } } });
    expect(await arena.run()).toMatchObject({ text: '2: one  2: two  2: three ', attempt: 2 });
    expect(arena.requests.map(({ attach }) => attach)).toEqual([undefined, 'r1', undefined, 'r2']);
    const resumed = arena.records().flatMap((record) => (record.kind === 'step.resumed' ? [record.data.by] : []));
    expect(resumed).toEqual(['attach', 'compare', 'attach']);
  });

  test('is not asked for by whoever goes on for an owner that found out', async () => {
    const arena = createArena(
      ({ attach }, sink, call) => {
        if (attach !== undefined) throw unknown;
        if (call === 3) throw new Died();
        if (call === 1) sink.responding('r1');
        sink.text('one ');
        if (call === 1) throw broke;
        return said;
      },
      { models: { m: { attach: true } } },
    );
    expect(await arena.run()).toMatchObject({ text: 'one ' });
    expect(arena.requests.map(({ attach }) => attach)).toEqual([undefined, 'r1', undefined, undefined]);
  });

  test('and of which nothing was delivered is asked afresh', async () => {
    const arena = createArena(keeping([0, unknown]), { models: keeper });
    expect(await arena.run()).toMatchObject({ text: '2: one  2: two  2: three ' });
  });

  test('goes on from its prefix where the provider can', async () => {
    const arena = createArena(
      (request, sink, call) => {
        if (request.attach) throw unknown;
        if (call === 1) sink.responding('r1');
        sink.text(call === 1 ? 'one ' : 'two');
        if (call === 1) throw broke;
        return said;
      },
      { models: keeper },
    );
    expect(await arena.run()).toMatchObject({ text: 'one two', attempt: 1 });
    expect(arena.requests[2]?.prefix).toBe('one ');
  });
});

test('a response that never comes to its end gives way to a new one', async () => {
  const play = keeping([2, 2, 2]);
  const arena = createArena(play, { models: keeper, limits: { noProgressAttempts: 2 } });
  expect(await arena.run()).toMatchObject({ finish: 'stop', attempt: 1 });
  expect(arena.requests.map(({ attach, prefix }) => attach ?? prefix)).toEqual([undefined, 'r1', 'r1', 'one two ']);
});

test('a response of another model than the one that spoke takes the place of what was said', async () => {
  const models: Models = { a: { fallbacks: ['b'] }, b: { attach: true } };
  let calls = 0;
  const arena = createArena(
    ({ model, attach }, sink) => {
      calls++;
      if (model === 'a') {
        if (calls === 1) sink.text('one ');
        throw broke;
      }
      if (attach === undefined) {
        sink.responding('rb');
        throw new Died();
      }
      sink.text('other');
      return said;
    },
    { models },
  );
  expect(await arena.run()).toMatchObject({ text: 'other', attempt: 2 });
  expect(arena.requests.map(({ model, attach }) => [model, attach])).toEqual([
    ['a', undefined],
    ['a', undefined],
    ['b', undefined],
    ['b', 'rb'],
  ]);
});

test('a response of a model that was given up before it spoke does not come before the one that speaks', async () => {
  const models: Models = { a: { attach: true, fallbacks: ['b'] }, b: { prefix: true } };
  const arena = createArena(
    ({ model, prefix }, sink, call) => {
      if (call === 1) sink.responding('ra');
      if (model === 'a') throw broke;
      sink.text(prefix === undefined ? 'one ' : 'two');
      if (prefix === undefined) throw new Died();
      return said;
    },
    { models },
  );
  expect(await arena.run()).toMatchObject({ text: 'one two', attempt: 1 });
  expect(arena.requests.map(({ model, attach }) => [model, attach])).toEqual([
    ['a', undefined],
    ['a', 'ra'],
    ['b', undefined],
    ['b', undefined],
  ]);
});

test('what is read again is no text generated again', async () => {
  const arena = createArena(keeping([2, 2, 2]), { models: keeper, limits: { regeneratedChars: 8 } });
  expect(await arena.run()).toMatchObject({ text: 'one two three' });
});

test('a whole run attaches, and its log says by what it was resumed', async () => {
  const acts: Act[] = [
    (_request, sink) => {
      sink.responding('r1');
      sink.text('one ');
      throw broke;
    },
    (_request, sink) => {
      sink.text('one two');
      return said;
    },
  ];
  await using house = await openTestHouse(acts, { attach: true });
  const records = await house.ended(await house.run('hi'));
  expect(house.requests[1]?.attach).toBe('r1');
  expect(kindsOf(records)).toEqual([
    'run.created',
    'step.started',
    'step.responding',
    'text',
    'step.retried',
    'step.resumed',
    'text',
    'step.ended',
    'run.finished',
  ]);
  expect(foldText(foldOf(records))).toBe('one two');
});
