import { expect, test } from 'vitest';
import { openRig } from '../../packages/gateway/test/rig.ts';

test('A16 · a half-open peer is ended after 40 s without a pong; one that answers stays', async () => {
  await using rig = await openRig();
  const dead = await rig.dialRaw();
  await dead.upgrade();
  const alive = await rig.dial();
  for (let second = 1; second <= 39; second++) {
    await rig.clock.advance(1_000);
    await rig.turn();
  }
  expect(rig.gateway.connections).toBe(2);
  await rig.clock.advance(2_000);
  await dead.ended;
  await rig.turn();
  expect(rig.gateway.connections).toBe(1);
  expect(alive.socket.readyState).toBe(alive.socket.OPEN);
});
