import { expect, test } from 'vitest';
import { openRig } from './rig.ts';

/** Nothing is given up, and no run waits. */
const admission = { level: 0, waiting: 0 };

test('7.5 whether the server is ready is for all, how it fares for those with the token', async () => {
  let alerts: readonly string[] = [];
  await using rig = await openRig({ token: () => 'sesame', details: () => ({ alerts }) });
  const ready = async (headers: Record<string, string> = {}): Promise<unknown> => (await fetch(`${rig.http}/readyz`, { headers })).json();
  const authorization = 'Bearer sesame';
  expect(await ready()).toEqual({ ready: true });
  expect(await ready({ authorization: 'Bearer wrong' })).toEqual({ ready: true });
  expect(await ready({ authorization })).toEqual({ ready: true, admission, alerts: [] });
  alerts = ['latencyP99'];
  expect(await ready({ authorization })).toEqual({ ready: true, admission, alerts: ['latencyP99'] });
});

test('7.5 without a token everybody may use the server', async () => {
  await using rig = await openRig({ details: () => ({ alerts: [] }) });
  expect(await (await fetch(`${rig.http}/readyz`)).json()).toEqual({ ready: true, admission, alerts: [] });
});

test('7.5 how it fares is for those who operate the house: not for other keys, nor for other tenants', async () => {
  await using rig = await openRig({ token: () => 'sesame', details: () => ({ alerts: [] }) });
  const issue = async (tenant: string, scope: string): Promise<string> => {
    const headers = { authorization: 'Bearer sesame', 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'a key', tenant, scopes: [scope] });
    const response = await fetch(`${rig.http}/v1/keys`, { method: 'POST', headers, body });
    return ((await response.json()) as { readonly text: string }).text;
  };
  const ready = async (key: string): Promise<unknown> =>
    (await fetch(`${rig.http}/readyz`, { headers: { authorization: `Bearer ${key}` } })).json();
  expect(await ready(await issue('default', 'operate'))).toEqual({ ready: true, admission, alerts: [] });
  expect(await ready(await issue('default', 'read'))).toEqual({ ready: true });
  expect(await ready(await issue('acme', 'operate'))).toEqual({ ready: true });
});
