import { encodeCursor } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { openHouse } from './house.ts';

const revoke = '/revoke';

describe('what was open stays open for who may', () => {
  test('C9 · a revoked key’s sockets and streams end within 5 s, and nobody else’s', async () => {
    await using house = await openHouse();
    const run = await house.begin('default', 'r');
    const [bad, good] = [await house.issue({ name: 'bad' }), await house.issue({ name: 'good' })];
    const [victim, neighbour] = [await house.dial({ token: bad.text }), await house.dial({ token: good.text })];
    for (const caller of [victim, neighbour]) {
      await caller.next('welcome');
      caller.send({ t: 'attach', ch: 1, run });
      await caller.next('attached');
    }
    const stream = await fetch(`${house.http}/v1/runs/${run}/events`, { headers: { authorization: `Bearer ${bad.text}` } });
    expect(stream.status).toBe(200);
    const reading = stream.text().then(
      () => 'ended',
      () => 'cut',
    );
    const began = Date.now();
    await house.ask(`/v1/keys/${bad.key.id}${revoke}`, { method: 'POST', key: house.master, json: {} });
    expect(await victim.closed).toBe(4401);
    expect(await reading).toBe('cut');
    const took = Date.now() - began;
    console.log(`closed after ${took} ms`);
    expect(took).toBeLessThan(5_000);
    neighbour.send({ t: 'command', run, id: 'c', kind: 'cancel' });
    expect(await neighbour.next('ok')).toMatchObject({ id: 'c' });
    expect(house.notes).toContainEqual(
      expect.objectContaining({ principal: expect.objectContaining({ id: `key:${bad.key.id}` }), decision: 'refused' }),
    );
    expect(await house.isWell()).toBe(true);
  });

  test('C9 · who came in before there were keys is asked to come in again', async () => {
    await using house = await openHouse();
    const caller = await house.dial();
    await caller.next('welcome');
    await house.issue();
    expect(await caller.closed).toBe(4401);
    expect(await house.isWell()).toBe(true);
  });

  test('C10 · the secret before a rotation opens nothing, and its sockets are closed; within a grace it still does', async () => {
    await using house = await openHouse();
    const [at, later] = [await house.issue(), await house.issue()];
    const rotate = async (id: string, json: object): Promise<string> =>
      (
        JSON.parse((await house.ask(`/v1/keys/${id}/rotate`, { method: 'POST', key: house.master, json })).text) as {
          readonly text: string;
        }
      ).text;
    const old = await house.dial({ token: at.text });
    await old.next('welcome');
    const fresh = await rotate(at.key.id, {});
    expect((await house.ask('/v1/runs', { key: at.text })).status).toBe(401);
    expect((await house.ask('/v1/runs', { key: fresh })).status).toBe(200);
    expect(await old.closed).toBe(4401);

    const graceful = await house.dial({ token: later.text });
    await graceful.next('welcome');
    const next = await rotate(later.key.id, { graceMs: 60_000 });
    for (const key of [later.text, next]) expect((await house.ask('/v1/runs', { key })).status).toBe(200);
    house.later(59_000);
    expect((await house.ask('/v1/runs', { key: later.text })).status).toBe(200);
    house.later(2_000);
    expect((await house.ask('/v1/runs', { key: later.text })).status).toBe(401);
    expect((await house.ask('/v1/runs', { key: next })).status).toBe(200);
    expect(await graceful.closed).toBe(4401);
    expect(await house.isWell()).toBe(true);
  });

  test('C10 · an expired key opens nothing, and its sockets are closed', async () => {
    await using house = await openHouse();
    const { text } = await house.issue({ expiresMs: Date.now() + 3_600_000 });
    const caller = await house.dial({ token: text });
    await caller.next('welcome');
    house.later(3_600_001);
    expect((await house.ask('/v1/runs', { key: text })).status).toBe(401);
    expect(await caller.closed).toBe(4401);
  });
});

describe('ids open nothing', () => {
  test('C13 · ids of runs, keys, secrets and tickets have 128 bits and more, and no two are alike', async () => {
    await using house = await openHouse();
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const { text } = await house.ask('/v1/runs', { method: 'POST', key: house.master, json: { input: 'q' } });
      const { run } = JSON.parse(text) as { readonly run: string };
      const { ticket } = JSON.parse(
        (await house.ask('/v1/tickets', { method: 'POST', key: house.master, json: { origin: 'https://app.example' } })).text,
      ) as { readonly ticket: string };
      const key = (await house.issue()).text;
      expect(run).toMatch(/^[\w-]{22}$/);
      expect(ticket).toMatch(/^ticket_[0-9A-Za-z]{43}$/);
      expect(key).toMatch(/^claw_[0-9A-Za-z]{11}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
      for (const each of [run, ticket, key]) seen.add(each);
    }
    expect(seen.size).toBe(60);
    const kept = await house.store.state.get('_house', 'keys');
    for (const each of seen) if (each.startsWith('claw_')) expect(kept?.value).not.toContain(each.split('_')[2]);
  });

  test('C13 · nobody chooses the id of a run, nor finds another tenant’s by the same idempotency key', async () => {
    await using house = await openHouse();
    const [a, b] = [await house.issue({ tenant: 'a' }), await house.issue({ tenant: 'b' })];
    const headers = { 'idempotency-key': 'the same' };
    const start = async (key: string) =>
      JSON.parse((await house.ask('/v1/runs', { method: 'POST', key, headers, json: { input: 'q' } })).text) as { run: string; dup?: true };
    const [first, again, other] = [await start(a.text), await start(a.text), await start(b.text)];
    expect([again.run, again.dup]).toEqual([first.run, true]);
    expect(other.run).not.toBe(first.run);
    expect(other.dup).toBeUndefined();
    const fixed = await house.ask('/v1/runs', { method: 'POST', key: a.text, json: { input: 'q', run: 'x'.repeat(22) } });
    expect(fixed.status).toBe(400);
  });

  test('C14 · another tenant’s stream, with an offset that is right: 404, as if it were not there, and a note', async () => {
    await using house = await openHouse();
    const run = await house.begin('a', 'r', true);
    const { text } = await house.issue({ tenant: 'b' });
    const nowhere = 'n'.repeat(22);
    const answers = await Promise.all(
      [run, nowhere].map((id) => house.ask(`/v1/runs/${id}/events`, { key: text, headers: { 'last-event-id': encodeCursor(1, 1) } })),
    );
    expect(answers.map(({ status, code }) => [status, code])).toEqual(Array(2).fill([404, 'NOT_FOUND']));
    expect(answers[0]?.text.replaceAll(run, nowhere)).toBe(answers[1]?.text);
    for (const id of [run, nowhere]) {
      const caller = await house.dial({ token: text });
      await caller.next('welcome');
      caller.send({ t: 'attach', ch: 1, run: id, epoch: 1, after: 1 });
      expect(await caller.next('err')).toMatchObject({ ch: 1, code: 'NOT_FOUND' });
    }
    const noted = house.notes.filter(({ why }) => why === 'NOT_FOUND');
    expect(noted.length).toBe(4);
    expect(await house.isWell()).toBe(true);
  });
});
