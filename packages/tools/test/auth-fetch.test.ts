import { type Clock, systemClock } from '@openclaw-runtime/kit';
import { expect, it } from 'vitest';
import { createAuthFetch, createTokenFetch } from '../src/mcp/auth-fetch.ts';

const hasty: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(ms / 1_000, fn) };
const living = new AbortController().signal;
const hanging = (_url: string | URL, { signal }: RequestInit = {}): Promise<Response> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
const PLACE = 'https://a.test/token';
const refresh = { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'canary' }) };

it('fails where a description does not come in time, as a network does', async () => {
  await expect(createAuthFetch(hanging, hasty, living)('https://a.test/.well-known/x')).rejects.toThrow(TypeError);
  const endless = async (): Promise<Response> => new Response(new ReadableStream({}));
  await expect(createAuthFetch(endless, hasty, living)('https://a.test/.well-known/x')).rejects.toThrow(/within 30000 ms/);
});

it('gives up what is asked for a connection that is closed, but no refresh that is under way', async () => {
  const life = new AbortController();
  const description = createAuthFetch(hanging, systemClock, life.signal)('https://a.test/.well-known/x');
  const held = Promise.withResolvers<Response>();
  const refreshed = createAuthFetch(() => held.promise, systemClock, life.signal)(PLACE, refresh);
  life.abort(new Error('closed'));
  await expect(description).rejects.toThrow('closed');
  held.resolve(Response.json({ access_token: 'fresh' }));
  expect(await (await refreshed).json()).toEqual({ access_token: 'fresh' });
});

it('judges answers about tokens only, however they are asked for', async () => {
  const page = async (): Promise<Response> => new Response('<html>', { status: 500 });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  for (const init of [refresh, { ...refresh, body: refresh.body.toString(), headers }]) {
    const answer = await createTokenFetch(page, systemClock)(PLACE, init);
    expect(await answer.json()).toEqual({ error: 'temporarily_unavailable', error_description: 'HTTP 500' });
  }
  const call = { method: 'POST', body: '{"text":"&grant_type=x"}', headers: { 'content-type': 'application/json' } };
  expect(await (await createTokenFetch(page, systemClock)(PLACE, call)).text()).toBe('<html>');
});

it('takes an error for one whatever the status of its answer', async () => {
  const answer = await createTokenFetch(async () => Response.json({ error: 'invalid_grant' }), systemClock)(PLACE, refresh);
  expect([answer.status, await answer.json()]).toEqual([400, { error: 'invalid_grant', error_description: 'invalid_grant' }]);
});
