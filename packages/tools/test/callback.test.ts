import { request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { type Callback, openCallback } from '../src/index.ts';

const open: Callback[] = [];
afterEach(async () => {
  for (const callback of open.splice(0)) await callback.close();
});

async function listen(port = 0): Promise<Callback> {
  const callback = await openCallback(port);
  open.push(callback);
  return callback;
}

const never = new AbortController().signal;

it('takes what comes back with the state that is waited for, once, on this machine', async () => {
  const { redirectUrl, wait } = await listen();
  expect(redirectUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  const back = wait('mine', never);
  for (const wrong of ['?state=other&code=1', '?code=1', '/more?state=mine', '?state='])
    expect((await fetch(`${redirectUrl}${wrong}`)).status, wrong).toBe(404);
  expect((await fetch(`${redirectUrl}?state=mine&code=1`, { method: 'POST' })).status).toBe(404);
  const page = await fetch(`${redirectUrl}?state=mine&code=abc&iss=x`);
  expect([page.status, await page.text()]).toEqual([200, 'Done. You can close this window.\n']);
  expect(Object.fromEntries(await back)).toEqual({ state: 'mine', code: 'abc', iss: 'x' });
  expect((await fetch(`${redirectUrl}?state=mine&code=again`)).status).toBe(404);
});

it('answers to its own address only', async () => {
  const { redirectUrl, wait } = await listen();
  const stop = new AbortController();
  const back = wait('mine', stop.signal);
  const { port } = new URL(redirectUrl);
  const status = await new Promise((resolve) => {
    request({ host: '127.0.0.1', port, path: '/callback?state=mine&code=1', headers: { host: `evil.test:${port}` } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).end();
  });
  expect(status).toBe(404);
  stop.abort(new Error('enough'));
  await expect(back).rejects.toThrow('enough');
  expect((await fetch(`${redirectUrl}?state=mine&code=1`)).status).toBe(404);
});

it('says so where its port is taken', async () => {
  const { redirectUrl } = await listen();
  await expect(openCallback(Number(new URL(redirectUrl).port))).rejects.toMatchObject({ code: 'BAD_CONFIG' });
});
