import { encodeRecord } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { openRig, type Rig } from './rig.ts';

/** A bucket holds two seconds' worth. */
const withRuns = (runsPerSecond: number) => openRig({ admission: { all: { perTenant: { runsPerSecond } } } });

async function post(rig: Rig, path: string, json: object): Promise<number> {
  const body = JSON.stringify(json);
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const answer = await fetch(`${rig.http}${path}`, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
  await answer.body?.cancel();
  return answer.status;
}

test('a fork is a run that begins: it takes of the limits, and a server that drains begins none', async () => {
  await using rig = await withRuns(1);
  const log = await rig.begin('source');
  await log.append(encodeRecord('step.started', 1, 1, { model: 'm' }));
  await log.finish();
  const fork = () => post(rig, `/v1/runs/${log.run}/fork`, {});
  expect([await fork(), await fork(), await fork()]).toEqual([201, 201, 429]);
  rig.gateway.drain(1_000);
  expect(await fork()).toBe(503);
});

test('each choice of an answer is a run: more than one may begin are refused before any has begun', async () => {
  await using rig = await withRuns(2);
  const request = { model: 'agent:default', messages: [{ role: 'user', content: 'x' }] };
  expect(await post(rig, '/v1/chat/completions', { ...request, n: 5 })).toBe(429);
  const { runs } = (await (await fetch(`${rig.http}/v1/runs`)).json()) as { readonly runs: readonly object[] };
  expect(runs).toEqual([]);
});

test('runs that are begun at once are not more than may be at work at a time', async () => {
  await using rig = await openRig({ admission: { all: { perTenant: { concurrentRuns: 5 } } } });
  const statuses = await Promise.all(Array.from({ length: 50 }, () => post(rig, '/v1/runs', { input: 'x' })));
  expect(statuses.filter((status) => status < 300)).toHaveLength(5);
  expect(statuses.filter((status) => status === 429)).toHaveLength(45);
});

test('a run that was not created, or was there before, takes no place', async () => {
  await using rig = await openRig({ admission: { all: { perTenant: { concurrentRuns: 2 } } } });
  const start = async (key: string, input: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    return (await fetch(`${rig.http}/v1/runs`, { method: 'POST', headers, body: JSON.stringify({ input }) })).status;
  };
  expect([await start('a', 'x'), await start('a', 'x'), await start('a', 'y')]).toEqual([201, 200, 409]);
  expect([await start('b', 'x'), await start('c', 'x')]).toEqual([201, 429]);
});
