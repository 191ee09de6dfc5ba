/** `GET /v1/reasoning`. */
import { expect, test } from 'vitest';
import { openRig } from './rig.ts';

test('what the runs of a tenant taught is read as it stands, and is nothing where nothing was', async () => {
  await using rig = await openRig({ token: () => 'key' });
  const ask = (init?: RequestInit): Promise<Response> =>
    fetch(`${rig.http}/v1/reasoning`, { headers: { authorization: 'Bearer key' }, ...init });
  expect(await (await ask()).json()).toEqual({});
  const learned = { version: 1, costs: { version: 1, rows: {} } };
  await rig.store.state.put('default', 'reasoning', JSON.stringify(learned), 0);
  await rig.store.state.put('other', 'reasoning', '{"version":1,"secret":true}', 0);
  expect(await (await ask()).json()).toEqual(learned);
  expect((await ask({ headers: {} })).status).toBe(401);
  expect((await ask({ method: 'POST' })).status).toBe(405);
});
