import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createMemoryStore, runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import { createCatalogue } from '../src/admission/catalogue.ts';
import { GATEWAY_LIMITS, type GatewayContext } from '../src/admission/options.ts';
import { NO_AUDIT } from '../src/audit/audit.ts';
import { OPEN } from '../src/identity/identity.ts';
import { createAdmission } from '../src/limits/admission.ts';
import { serveConnection } from '../src/socket/connection.ts';
import type { PeerEvents } from '../src/socket/peer.ts';

const RUN = 'r'.repeat(22);
const TEXT = 'x'.repeat(300_000);

test('5.8 a peer that takes nothing and attaches to many compacted runs makes the server hold little', async () => {
  const store = createMemoryStore();
  const key = runKey('default', RUN);
  await store.runs.create(key, '["run.created",0,0,{"agent":"default","input":"x","at":0,"fingerprint":"f"}]', 'f');
  const lease = await store.queue.claim(key, 'test');
  lease.append(['["step.started",1,1,{"model":"m"}]', `["text",1,1,"${TEXT}"]`], 'disk');
  lease.append(['["run.finished",0,0,{"status":"cancelled","by":"x","usage":{}}]'], 'disk', true);
  await lease.settled();
  await store.upkeep.compact({ compactAfterMs: 0 }, systemClock.wall() + 1_000);

  const random = seededRandom(1);
  const context: GatewayContext = {
    store,
    clock: systemClock,
    random,
    host: '127.0.0.1',
    port: 0,
    serverName: 'test',
    origins: [],
    audit: NO_AUDIT,
    admission: createAdmission({ clock: systemClock, random, store, waitMs: 1_000 }),
    identity: OPEN,
    limits: GATEWAY_LIMITS,
    onDefect: (_id, error) => expect(error).toBeUndefined(),
    shown: (error) => OpenClawError.from(error),
  };
  let unsent = 0;
  let sent: string[] = [];
  let events: PeerEvents | undefined;
  serveConnection(
    context,
    { store, clock: systemClock, random, catalogue: createCatalogue(store) },
    {
      send(text) {
        unsent += text.length;
        sent.push(text);
      },
      unsent: () => unsent,
      pause: () => undefined,
      resume: () => undefined,
      ping: () => undefined,
      close: () => undefined,
      terminate: () => undefined,
      listen: (heard) => {
        events = heard;
      },
    },
    { address: '127.0.0.1', way: 'socket' },
    () => undefined,
  );
  const say = (frame: object): void => events?.message(JSON.stringify(frame), 100, false);
  const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
  say({ t: 'hello', v: 1, client: 'test' });
  for (let ch = 0; ch < 50; ch++) say({ t: 'attach', ch, run: RUN });
  await rest();
  expect(unsent).toBeGreaterThan(TEXT.length);
  expect(unsent).toBeLessThan(GATEWAY_LIMITS.unsentBytes + 5 * TEXT.length);

  for (let round = 0; round < 40; round++) {
    unsent = 0;
    events?.drained();
    await rest();
  }
  expect(sent.filter((frame) => frame.startsWith('{"t":"snap"'))).toHaveLength(50);
  sent = [];
  events?.closed();
});
