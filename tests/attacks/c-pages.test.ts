/** What other pages have a browser do, and what a browser makes of what we answer. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { openCallback } from '@openclaw-runtime/tools';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainText } from '../../packages/cli/src/commands/plain.ts';
import { openBrowser } from '../house/browser/open-browser.ts';
import { type AttackedHouse, openHouse } from './house.ts';
import { httpCalls } from './inventory.ts';

const SCRIPT = '<html><script>window.owned = 1; alert(1)</script><img src=x onerror="window.owned = 1"></html>';

let house: AttackedHouse;
let browser: Browser;
let elsewhere: Server;
let origin = '';
/** What the other page consists of. */
let html = '';
let run = '';

beforeAll(async () => {
  [house, browser] = await Promise.all([openHouse(), openBrowser()]);
  elsewhere = createServer((_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(html));
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  run = await say(SCRIPT);
});
afterAll(async () => {
  await browser?.close();
  elsewhere?.closeAllConnections();
  elsewhere?.close();
  await house?.[Symbol.asyncDispose]();
});

/** A run whose agent says this, and whose tool said it before. */
async function say(text: string): Promise<string> {
  const id = house.store.runId('default', text);
  const key = runKey('default', id);
  await house.store.runs.create(key, encodeRecord('run.created', 0, 0, { agent: 'default', input: text, at: 0, fingerprint: 'x' }), 'x');
  const lease = await house.store.queue.claim(key, 'test');
  const finished = { status: 'completed', reason: 'stop', usage: NO_USAGE } as const;
  lease.append([encodeRecord('step.started', 1, 1, { model: text }), encodeRecord('text', 1, 1, text)], 'process');
  lease.append(
    [encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }), encodeRecord('run.finished', 0, 0, finished)],
    'process',
    true,
  );
  await lease.settled();
  return id;
}

async function other(content: string): Promise<Page> {
  html = content;
  const page = await browser.newPage();
  await page.goto(origin);
  return page;
}

const begun = async (): Promise<number> => {
  const { text } = await house.ask('/v1/runs?limit=100');
  return (JSON.parse(text) as { readonly runs: readonly unknown[] }).runs.length;
};

describe('a page of another origin, where nobody needs a key', () => {
  test('C16 · begins nothing in its visitor’s browser: by form, fetch, beacon or socket', async () => {
    const before = await begun();
    expect(before).toBe(1);
    const body = '{"input":"q"}';
    const posts = ['/v1/runs', '/v1/keys', '/v1/chat', '/v1/chat/completions', '/v1/responses', '/mcp', `/v1/runs/${run}/fork`];
    const page = await other('<p>Welcome!</p>');
    const heard = await page.evaluate(
      async ({ http, ws, paths, json }) => {
        const asked = paths.flatMap((path) => [
          fetch(`${http}${path}`, { method: 'POST', mode: 'no-cors', credentials: 'include', body: json }),
          fetch(`${http}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: json }),
        ]);
        for (const path of paths) navigator.sendBeacon(`${http}${path}`, json);
        const readable = (await Promise.allSettled(asked)).filter((each) => each.status === 'fulfilled' && each.value.type !== 'opaque');
        const socket = new WebSocket(ws, 'openclaw-runtime.v1');
        const opened = await new Promise<boolean>((resolve) => {
          socket.onopen = () => resolve(true);
          socket.onerror = () => resolve(false);
        });
        return { readable: readable.length, opened };
      },
      { http: house.http, ws: house.gateway.url, paths: posts, json: body },
    );
    expect(heard).toEqual({ readable: 0, opened: false });
    for (const path of posts) {
      const form = `<form method=post enctype=text/plain action="${house.http}${path}"><input name='{"input":"' value='q"}'></form><script>document.forms[0].submit()</script>`;
      html = form;
      const answered = page.waitForResponse((response) => response.request().method() === 'POST');
      await page.goto(origin).catch(() => undefined);
      expect([path, (await answered).status()]).toEqual([path, 403]);
    }
    expect(await begun()).toBe(before);
    await page.close();
  });

  test('C16 · is refused by each route that does something, and no answer sets a cookie', async () => {
    for (const { route, method, path, json } of httpCalls({ run })) {
      if (method === 'GET' || method === 'HEAD') continue;
      for (const from of [origin, 'null', 'https://evil.example']) {
        const { status, headers } = await house.ask(path, { method, headers: { origin: from }, ...(json !== undefined && { json }) });
        expect([route, from, status, headers.get('set-cookie')]).toEqual([route, from, 403, null]);
      }
    }
    expect(await begun()).toBe(1);
  });

  test('C16 · a key in a cookie opens nothing', async () => {
    await using locked = await openHouse({ token: () => 'the-only-token' });
    for (const name of ['token', 'authorization', 'session', 'openclaw'])
      expect((await locked.ask('/v1/runs', { headers: { cookie: `${name}=the-only-token` } })).status).toBe(401);
  });
});

describe('what a browser is shown', () => {
  test('C17 · what an agent says is no page, and runs nothing', async () => {
    const page = await browser.newPage();
    let dialogs = 0;
    page.on('dialog', (dialog) => {
      dialogs++;
      void dialog.dismiss();
    });
    const evil = encodeURIComponent(SCRIPT);
    const places = [
      `/v1/runs/${run}`,
      '/v1/runs',
      `/v1/models/${evil}`,
      `/${evil}`,
      `/v1/runs/${evil}`,
      `/v1/runs?status=${evil}`,
      '/openapi.json',
    ];
    for (const path of places) {
      const response = await page.goto(`${house.http}${path}`);
      expect(response?.headers()['content-type'], path).toMatch(/^application\/json/);
      expect(await page.evaluate(() => (window as { owned?: number }).owned), path).toBeUndefined();
      expect(await page.evaluate(() => document.scripts.length + document.images.length), path).toBe(0);
    }
    expect(dialogs).toBe(0);
    await page.close();
  });

  test('C17 · each answer says that it is none, errors as well, and streams', async () => {
    for (const { route, method, path, json } of httpCalls({ run })) {
      const onlyHead = /\/(events|stream|completions|chat|responses)$/.test(path);
      const { headers } = await house.ask(path, { method, key: house.master, onlyHead, ...(json !== undefined && { json }) });
      expect([route, headers.get('x-content-type-options'), headers.get('content-security-policy')]).toEqual([
        route,
        'nosniff',
        "default-src 'none'; frame-ancestors 'none'",
      ]);
      expect(headers.get('content-type') ?? '', route).not.toMatch(/html|xml|javascript|svg/);
    }
  });

  test('C17 · a terminal is shown what would command it', () => {
    expect(plainText(`${SCRIPT}\u001b]0;owned\u0007\u001b[2J`)).toBe(`${SCRIPT}\\x1b]0;owned\\x07\\x1b[2J`);
  });

  test('C18 · no frame of another page shows it', async () => {
    const page = await other(`<iframe src="${house.http}/v1/runs/${run}"></iframe><object data="${house.http}/v1/runs"></object>`);
    await page.waitForLoadState('networkidle');
    const frames = page.frames().filter((frame) => frame !== page.mainFrame());
    expect(frames.length).toBeGreaterThan(0);
    for (const frame of frames) expect(await frame.content().catch(() => '')).not.toContain('owned');
    await page.close();
  });

  test('C18 · nothing leads on to elsewhere', async () => {
    const ways = [
      '?next=//evil.example',
      '?redirect_uri=https://evil.example',
      '?url=https://evil.example',
      '/..//evil.example',
      '/%2f%2fevil.example',
    ];
    for (const { route, method, path, json } of httpCalls({ run })) {
      const way = ways[path.length % ways.length] as string;
      const asking = { method, key: house.master, onlyHead: true, headers: { 'x-forwarded-host': 'evil.example' } };
      const { status, headers } = await house.ask(`${path}${way}`, { ...asking, ...(json !== undefined && { json }) });
      expect([route, status >= 300 && status < 400, headers.get('location')?.includes('evil') ?? false]).toEqual([route, false, false]);
    }
  });

  test('C18 · a login takes what comes back with its own state, once, and shows a text', async () => {
    const callback = await openCallback(0);
    try {
      const back = callback.wait('mine', new AbortController().signal);
      for (const wrong of ['?state=other&code=1', '?code=1', `?state=${encodeURIComponent(SCRIPT)}&code=1`])
        expect((await fetch(`${callback.redirectUrl}${wrong}`)).status).toBe(404);
      const page = await fetch(`${callback.redirectUrl}?state=mine&code=2&error_description=${encodeURIComponent(SCRIPT)}`);
      expect([page.status, page.headers.get('content-type'), page.headers.get('x-content-type-options')]).toEqual([
        200,
        'text/plain; charset=utf-8',
        'nosniff',
      ]);
      expect(await page.text()).not.toContain('owned');
      expect((await back).get('code')).toBe('2');
      expect((await fetch(`${callback.redirectUrl}?state=mine&code=3`)).status).toBe(404);
    } finally {
      await callback.close();
    }
  });
});

test('C16 · after all of that the server serves, and met with no defect', async () => {
  expect(await house.isWell()).toBe(true);
});
