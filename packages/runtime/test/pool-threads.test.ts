import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { failure, forever, moduleOf, openRig, operationCall, toolCall } from './pool-rig.ts';

test('a module is described, and its tools are called', async () => {
  await using rig = openRig();
  const good = await rig.agent('good');
  expect(good.card.tools.map(({ name }) => name)).toEqual(['echo', 'slowly']);
  expect(await rig.pool.call(toolCall(good, 'echo', { text: 'hello' }), forever)).toBe('"hello"');
  expect(rig.pool.status).toMatchObject({ active: 0, calls: 0, queued: 0, lost: {} });
});

test('an operation is answered what it asks', async () => {
  await using rig = openRig();
  const good = await rig.agent('good');
  const answer = JSON.stringify({ run: 'child', status: 'completed', text: 'done' });
  const call = operationCall(good, 'asking', undefined, async (request) => (request.do === 'run' ? answer : undefined));
  expect(await rig.pool.call(call, forever)).toBe('"done"');
});

test.runIf(process.platform === 'linux')('where there is too little processor time, agents give way to the house', async () => {
  const own = getPriority();
  const below = (): number =>
    readdirSync('/proc/self/task').filter((task) => {
      const niceness = Number(readFileSync(`/proc/self/task/${task}/stat`, 'utf8').split(') ')[1]?.split(' ')[16]);
      return niceness === Math.min(own + 5, 19);
    }).length;
  const before = below();
  await using rig = openRig({ maxThreads: 1 });
  await rig.agent('good');
  expect(below() - before).toBe(1);
});

test.each([
  // The thread has to start within this time, too.
  ['hangs-at-import', /does not end/, { timeouts: { loadMs: 1_000 } }],
  ['exits-at-import', /took its thread down/, {}],
  ['no-such-file', /no-such-file/, {}],
])('a module that %s is refused', async (name, words, options) => {
  await using rig = openRig(options);
  const error = await failure(rig.pool.describe('bad', moduleOf(name)));
  expect(error.code).toBe('BAD_CONFIG');
  expect(error.message).toMatch(words);
});

test('what asks for too much at once is ended; the thread stays', async () => {
  await using rig = openRig({ maxThreads: 1 });
  const good = await rig.agent('good');
  const gate = Promise.withResolvers<undefined>();
  const flood = rig.pool.call(
    operationCall(good, 'emitting', '2000', () => gate.promise),
    forever,
  );
  const error = await failure(flood);
  expect(error).toMatchObject({ code: 'AGENT_FAILED' });
  expect(error.message).toMatch(/things at once/);
  gate.resolve(undefined);
  expect(await rig.pool.call(toolCall(good, 'echo', { text: 'on' }), forever)).toBe('"on"');
  expect(rig.lost).toEqual([]);
});
