/** The client in a real browser: the samples as they are written down, in pages that a server outlives and that outlive it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenClawClient } from 'openclaw-runtime';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './browser/open-browser.ts';
import { type PageServer, servePages } from './browser/page-server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { type HeldDoor, openHeldDoor } from './held-door.ts';

const SAMPLES = ['streaming', 'recovery', 'reconnect', 'batches'];

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const folder = makeFolder();
let site: PageServer;
let browser: Browser;
let claw: Claw;
/** Pages come in here: a sample tries five times only, and a server may take longer to be back. */
let door: HeldDoor;
let key: string | undefined;
const tickets: string[] = [];

/** `ms`: what an answer takes. */
const serve = (ms: number, port = 0): Promise<Claw> => {
  const config = { defaultModel: `simulated?tokens=200&ms=${ms}`, server: { origins: [site.origin] } };
  return startClaw({ data: folder.in('data'), config, port });
};

beforeAll(async () => {
  const scripts = SAMPLES.map((name) => at(`../../examples/seed/${name}.ts`));
  [site, browser] = await Promise.all([
    servePages([...scripts, at('browser/clusters-page.ts'), at('browser/ticket-page.ts')], { posts: { '/ticket': getTicket } }),
    openBrowser(),
  ]);
  // The first page's answer goes on until the last page has some of its own.
  claw = await serve(15_000);
  door = await openHeldDoor(claw.port);
});
afterAll(async () => {
  await browser?.close();
  await door?.[Symbol.asyncDispose]();
  await claw?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** What the application's own server does: it has a key. */
async function getTicket(): Promise<string> {
  const { ticket } = (await post('/v1/tickets', key, { origin: site.origin })) as { readonly ticket: string };
  tickets.push(ticket);
  return ticket;
}

async function post(path: string, bearer: string | undefined, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
  const response = await fetch(`${claw.http}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Opens the page of a script in a tab of its own. */
async function open(name: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(site.page(name, door.url));
  return page;
}

const shown = async (page: Page, id: 'text' | 'status'): Promise<string> => (await page.textContent(`#${id}`)) ?? '';
const written = (page: Page, pieces: number): Promise<unknown> =>
  page.waitForFunction((least) => Number(document.querySelector('#wrote')?.textContent) >= least, pieces);
const settled = (page: Page): Promise<unknown> => page.waitForFunction(() => document.querySelector('#status')?.textContent);

/** What all runs said, as their logs have it. */
async function said(): Promise<readonly string[]> {
  const { runs } = (await (await fetch(`${claw.http}/v1/runs`)).json()) as { readonly runs: readonly { readonly run: string }[] };
  const client = new OpenClawClient();
  await client.connect(claw.url);
  const results = await Promise.all(runs.map(({ run }) => client.attach(run).result()));
  client.close();
  return results.map(({ text }) => text);
}

test('the server is killed under four pages and comes back: each shows all of its text, and nothing twice', {
  timeout: 180_000,
}, async () => {
  const pages = await Promise.all(SAMPLES.map(open));
  const logs = pages.map(() => [] as string[]);
  pages.forEach((page, i) => page.on('console', (message) => logs[i]?.push(message.text())));
  await Promise.all(pages.map((page) => written(page, 5)));
  const before = await Promise.all(pages.map((page) => shown(page, 'text')));
  await claw.stop('SIGKILL');
  claw = await serve(4_000, claw.port);
  await Promise.all(pages.map(settled));
  expect(await Promise.all(pages.map((page) => shown(page, 'status')))).toEqual(SAMPLES.map(() => 'done'));

  const [streaming = '', recovery = '', reconnect = '', batches = ''] = await Promise.all(pages.map((page) => shown(page, 'text')));
  const texts = await said();
  expect(texts).toHaveLength(4);
  expect(texts.every((text) => text === texts[0] && text.split(' ').length >= 200)).toBe(true);
  const lines = batches.trim().split('\n');
  expect({ streaming, recovery, reconnect, batches: lines.map((line) => JSON.parse(line) as string).join('') }).toEqual({
    streaming: texts[0],
    recovery: texts[0],
    reconnect: texts[0],
    batches: texts[0],
  });
  expect(before.every((text, i) => text.length > 0 && text.length < (i < 3 ? (texts[0]?.length ?? 0) : batches.length))).toBe(true);
  expect(logs[1]?.join('\n')).toContain('Reconnecting... Attempt 1');
  expect(logs[2]).toContain('STREAM_DISCONNECTED');
  expect(logs[2]?.at(-1)).toMatch(/^connected at attempt \d$/);
  await Promise.all(pages.map((page) => page.close()));
});

test('an application that names its clusters is shown what was said', async () => {
  const page = await open('clusters-page');
  await settled(page);
  expect(await shown(page, 'status')).toBe('done');
  await page.close();
});

test('a page without a key comes in with tickets, and back with another when the server was killed', { timeout: 120_000 }, async () => {
  const { key: local } = JSON.parse(readFileSync(join(folder.in('data'), 'owner.json'), 'utf8')) as { readonly key: string };
  const made = (await post('/v1/keys', local, { name: 'the application', scopes: ['read', 'run'] })) as { readonly text: string };
  key = made.text;
  const page = await open('ticket-page');
  await written(page, 5);
  await claw.stop('SIGKILL');
  claw = await serve(4_000, claw.port);
  await settled(page);
  expect(await shown(page, 'status')).toBe('done');
  expect((await shown(page, 'text')).split(' ').length).toBeGreaterThanOrEqual(200);
  expect(new Set(tickets).size).toBeGreaterThanOrEqual(2);
  // None of them opens anything any more, and without one nobody comes in.
  for (const token of [tickets[0] as string, undefined]) {
    const stranger = new OpenClawClient(token === undefined ? {} : { token });
    await expect(stranger.connect(claw.url)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    stranger.close();
  }
  await page.close();
});
