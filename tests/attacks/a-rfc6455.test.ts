/** The framing of WebSockets, case by case over a bare socket: what RFC 6455 calls good is taken as it was meant, what it calls bad ends that connection with its code. */
import { runKey } from '@openclaw-runtime/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientFrame, openRig, type RawPeer, type Rig } from '../../packages/gateway/test/rig.ts';
import { allCases } from './rfc6455/cases.ts';
import { framesIn } from './rfc6455/wire.ts';

const PONG = 10;
let rig: Rig;

beforeAll(async () => {
  rig = await openRig();
});
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]();
});

test.each(allCases())('A12 · $name', { timeout: 5_000 }, async ({ send, expect: outcome }) => {
  const raw = await rig.dialRaw();
  await raw.upgrade();
  const from = raw.text().length;
  for (const piece of send) raw.write(piece);
  const pongs = (): string[] =>
    framesIn(Buffer.from(raw.text().slice(from), 'latin1'))
      .filter(({ opcode }) => opcode === PONG)
      .map(({ payload }) => payload.toString('latin1'));
  try {
    if (outcome.kind === 'closed') expect(await raw.closeCode()).toBe(outcome.code);
    else if (outcome.kind === 'taken') expect(await inputOf(raw)).toBe(outcome.input);
    else await isOpen(raw);
    if (outcome.pongs) expect(pongs()).toEqual(outcome.pongs);
  } finally {
    raw.socket.destroy();
  }
});

test('A12 · after all of that the server serves, and met with no defect', async () => {
  console.log(`${allCases().length} cases of RFC 6455`);
  const peer = await rig.dial();
  peer.send({ t: 'start', ch: 1, idem: 'after', run: { input: 'hi' } });
  await peer.next('started');
  expect(rig.defects).toEqual([]);
});

/** What the run was given that the message begins, from its log. */
async function inputOf(raw: RawPeer): Promise<string> {
  const [, run = ''] = await raw.until(/"started","ch":1,.*?"run":"([\w-]{22})"/);
  const page = await rig.store.runs.read(runKey('default', run), 0, 1_000_000);
  return (JSON.parse(page.chunk?.body ?? '[]') as readonly [string, number, number, { readonly input: string }])[3].input;
}

async function isOpen(raw: RawPeer): Promise<void> {
  raw.write(clientFrame(0x81, '{"t":"attach","ch":9,"run":"xxxxxxxxxxxxxxxxxxxxxx"}'));
  await raw.until(/"err","ch":9/);
}
