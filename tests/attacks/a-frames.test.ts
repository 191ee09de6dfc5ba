/** Frames that are too much, or that mean nothing. */
import { LIMITS } from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { clientFrame, HELLO, openRig } from '../../packages/gateway/test/rig.ts';

const TEXT = 0x81;

test.each([
  ['no JSON', '{"t":', 'BAD_FRAME', 4400],
  ['JSON but no object', '[1]', 'BAD_FRAME', 4400],
  ['null', 'null', 'BAD_FRAME', 4400],
  ['an unknown type', '{"t":"rm"}', 'BAD_FRAME', 4400],
  ['an unknown field', '{"t":"detach","ch":1,"x":1}', 'BAD_FRAME', 4400],
  ['a wrong type', '{"t":"detach","ch":"1"}', 'BAD_FRAME', 4400],
  ['a fraction as channel', '{"t":"detach","ch":1.5}', 'BAD_FRAME', 4400],
  ['a channel beyond safe integers', '{"t":"detach","ch":9007199254740993}', 'BAD_FRAME', 4400],
  ['a second hello', JSON.stringify(HELLO), 'BAD_FRAME', 4400],
  ['nothing', '', 'BAD_FRAME', 4400],
  ['a prototype', '{"t":"detach","ch":1,"__proto__":{"x":1}}', 'BAD_FRAME', 4400],
  ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, 'TOO_LARGE', 1009],
  ['200,000 levels', '['.repeat(200_000), 'TOO_LARGE', 1009],
])('A8 · %s is answered by a typed error and a close', async (_name, frame, code, close) => {
  await using rig = await openRig();
  const peer = await rig.dial();
  peer.send(frame);
  expect(await peer.next('err')).toMatchObject({ code });
  expect((await peer.closed)[0]).toBe(close);
  expect(rig.defects).toEqual([]);
});

test('A8 · a message of 1 MiB is read, one byte more is refused with 1009', async () => {
  await using rig = await openRig();
  const peer = await rig.dial();
  const bare = JSON.stringify({ t: 'start', ch: 1, idem: 'a', run: { input: '' } });
  const fill = (bytes: number): string => bare.replace('""', `"${'a'.repeat(bytes - bare.length)}"`);
  peer.send(fill(LIMITS.maxFrameBytes));
  expect(await peer.next('started')).toMatchObject({ ch: 1 });
  peer.send(fill(LIMITS.maxFrameBytes + 1));
  expect((await peer.closed)[0]).toBe(1009);
});

test('A8 · a binary message is refused with 4400', async () => {
  await using rig = await openRig();
  const peer = await rig.dial();
  peer.send(Buffer.from('{"t":"detach","ch":1}'));
  expect(await peer.next('err')).toMatchObject({ code: 'BAD_FRAME' });
  expect((await peer.closed)[0]).toBe(4400);
});

test('A9 · 64 fragments are one message; the 65th, with or without an end, is refused with 1008', async () => {
  await using rig = await openRig();
  const raw = await rig.dialRaw();
  await raw.upgrade();
  const parts = Buffer.from(JSON.stringify({ t: 'start', ch: 7, idem: 'fragments', run: { input: 'x'.repeat(30) } }));
  const fragment = (i: number, of: number): Buffer => {
    const opcode = i === 0 ? 0x01 : 0x00;
    const end = i === of - 1;
    return clientFrame(end ? 0x80 | opcode : opcode, parts.subarray(i, end ? undefined : i + 1));
  };
  for (let i = 0; i < 64; i++) raw.write(fragment(i, 64));
  await raw.until(/"started","ch":7/);
  for (let i = 0; i < 65; i++) raw.write(fragment(i, 1_000));
  expect(await raw.closeCode()).toBe(1008);
});

test('A9 · a flood of empty fragments is refused with 1008', async () => {
  await using rig = await openRig();
  const raw = await rig.dialRaw();
  await raw.upgrade();
  raw.write(Buffer.concat([clientFrame(0x01), ...Array.from({ length: 5_000 }, () => clientFrame(0x00))]));
  expect(await raw.closeCode()).toBe(1008);
});

test.each([100 * 1024 * 1024, 2 ** 40])(
  'A10 · a header that announces %i bytes is refused with 1009, before any of them',
  async (bytes) => {
    await using rig = await openRig();
    const raw = await rig.dialRaw();
    await raw.upgrade();
    raw.write(clientFrame(TEXT, '', bytes));
    expect(await raw.closeCode()).toBe(1009);
  },
);

test('A11 · compression is not negotiated, and a compressed frame is refused', async () => {
  await using rig = await openRig();
  const raw = await rig.dialRaw();
  await raw.upgrade('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n');
  expect(raw.text().toLowerCase()).not.toContain('sec-websocket-extensions');
  raw.write(clientFrame(TEXT | 0x40, 'x'));
  expect(await raw.closeCode()).toBe(1002);
});
