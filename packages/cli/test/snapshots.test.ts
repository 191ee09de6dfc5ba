/** `claw snapshots`, over a real server and logs that the tests write. */
import { describe, expect, test } from 'vitest';
import { shortId } from '../src/commands/short-id.ts';
import { differences } from '../src/snapshots/difference.ts';
import { type Entry, type Log, type LogHouse, openLogHouse } from './log-house.ts';

const saved = (state: unknown): Entry => ['state.saved', 0, { version: 2, state: JSON.stringify(state) }];
const piece = (n: number): Entry => ['piece.done', 0, { what: 'step', name: 'batch', n, ms: 1, value: '1' }];

/** Records 2 to 6: a state, two pieces, a state, a piece. */
async function trained(house: LogHouse, last: unknown = { epoch: 2, loss: [0.5] }): Promise<Log> {
  const log = await house.begin('train', { operation: 'train' });
  await log.append(saved({ epoch: 1, loss: [0.9, 0.8] }), piece(0), piece(1), saved(last), piece(0));
  return log;
}

async function claw(house: LogHouse, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const world = house.world();
  const code = await house.claw(world, 'snapshots', ...args);
  return { code, out: world.printed(), err: world.complained() };
}

describe('claw snapshots', () => {
  test('list: what was saved, and how much was done in between', async () => {
    await using house = await openLogHouse();
    const { run } = await trained(house);
    const { code, out } = await claw(house, 'list', run);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['SNAPSHOT', 'VERSION', 'CHARACTERS', 'PIECES BEFORE'],
      [`${run}@2`, '2', '28', '0'],
      [`${run}@5`, '2', '24', '2'],
      [''],
    ]);
    expect(JSON.parse((await claw(house, 'list', shortId(run), '--json')).out)).toMatchObject({
      run,
      snapshots: [{ seq: 2 }, { seq: 5, pieces: 2 }],
    });
  });

  test('show: the last state, or the one at a record', async () => {
    await using house = await openLogHouse();
    const { run } = await trained(house);
    expect(JSON.parse((await claw(house, 'show', run, '--json')).out)).toEqual({
      run,
      seq: 5,
      version: 2,
      state: { epoch: 2, loss: [0.5] },
    });
    expect(JSON.parse((await claw(house, 'show', `${run}@4`)).out)).toEqual({ epoch: 1, loss: [0.9, 0.8] });
    const { code, err } = await claw(house, 'show', `${run}@1`);
    expect(code).toBe(1);
    expect(err).toContain('no snapshot at or before record 1. The first is at 2.');
  });

  test('a state cannot steer a terminal', async () => {
    await using house = await openLogHouse();
    const { run } = await trained(house, { name: '\u001b]0;owned\u0007\u009b2J' });
    for (const args of [
      ['show', run],
      ['diff', run],
      ['show', run, '--json'],
    ])
      expect((await claw(house, ...args)).out).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  test('diff: against the one before, or another', async () => {
    await using house = await openLogHouse();
    const { run } = await trained(house);
    const expected = [
      `${run}@2 → ${run}@5`,
      '- .epoch = 1',
      '+ .epoch = 2',
      '- .loss[0] = 0.9',
      '+ .loss[0] = 0.5',
      '- .loss[1] = 0.8',
      '',
    ];
    expect((await claw(house, 'diff', run)).out.split('\n')).toEqual(expected);
    expect((await claw(house, 'diff', `${run}@2`, run)).out.split('\n')).toEqual(expected);
    expect((await claw(house, 'diff', `${run}@2`)).err).toContain('is the first of its run');
  });

  test('a run whose agent saved nothing says so', async () => {
    await using house = await openLogHouse();
    const { run } = await house.begin('plain');
    expect((await claw(house, 'list', run)).err).toContain('has no snapshots: its agent saved no state');
  });

  test('fork: a new run shares the past up to the snapshot; restore wants an ended run', async () => {
    await using house = await openLogHouse();
    const source = await trained(house);
    const refused = await claw(house, 'restore', source.run);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('goes on from its snapshots by itself');
    await source.end();

    for (const verb of ['fork', 'restore']) {
      const world = house.world();
      const ended = house.claw(world, 'snapshots', verb, `${source.run}@4`);
      const forked = await house.offered();
      expect(forked.request.fork).toEqual({ run: source.run, seq: 2 });
      expect(forked.request.operation).toBe('train');
      await forked.append(saved({ epoch: 1, loss: [0.9, 0.8] }));
      await forked.end({ value: '7' });
      expect(await ended).toBe(0);
      expect(world.printed()).toBe('7\n');
      expect(world.complained()).toContain('goes on from the snapshot at record 2');
    }
  });
});

test('differences name the place, and what was or is there', () => {
  expect(differences({ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 3, 4] }, 'd e': null })).toEqual([
    { path: '.b.c[1]', before: 2, after: 3 },
    { path: '.b.c[2]', after: 4 },
    { path: '["d e"]', after: null },
  ]);
  expect(differences([1], { 0: 1 })).toEqual([{ path: '', before: [1], after: { 0: 1 } }]);
  expect(differences({ a: undefined }, {})).toEqual([{ path: '.a', before: undefined }]);
  expect(differences(Number.NaN, Number.NaN)).toEqual([]);
});
