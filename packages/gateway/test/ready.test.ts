import { expect, test } from 'vitest';
import { openRig } from './rig.ts';

test('7.5 whether the server is ready is for all, how it fares for those with the token', async () => {
  let alerts: readonly string[] = [];
  await using rig = await openRig({ token: () => 'sesame', details: () => ({ alerts }) });
  const ready = async (headers: Record<string, string> = {}): Promise<unknown> => (await fetch(`${rig.http}/readyz`, { headers })).json();
  const authorization = 'Bearer sesame';
  expect(await ready()).toEqual({ ready: true });
  expect(await ready({ authorization: 'Bearer wrong' })).toEqual({ ready: true });
  expect(await ready({ authorization })).toEqual({ ready: true, alerts: [] });
  alerts = ['latencyP99'];
  expect(await ready({ authorization })).toEqual({ ready: true, alerts: ['latencyP99'] });
});

test('7.5 without a token everybody may use the server', async () => {
  await using rig = await openRig({ details: () => ({ alerts: [] }) });
  expect(await (await fetch(`${rig.http}/readyz`)).json()).toEqual({ ready: true, alerts: [] });
});
