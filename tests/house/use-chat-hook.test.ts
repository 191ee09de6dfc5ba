/** `useChat` in a real browser: its page is loaded anew while it is answered, and the server is killed under it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProvider, type TestProvider } from '../provider/server.ts';
import { type Claw, startClaw } from './claw.ts';
import { makeFolder } from './folder.ts';
import { openSite, type Site } from './use-chat/site.ts';

const CHROMIUM = '/usr/bin/chromium';
const folder = makeFolder();
let provider: TestProvider;
let claw: Claw;
let site: Site;
let browser: Browser;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error(`There is no ${CHROMIUM}: apt-get install chromium`);
  provider = await startProvider();
  await start(0);
  [site, browser] = await Promise.all([
    openSite(fileURLToPath(new URL('use-chat/chat-page.ts', import.meta.url)), () => claw.http),
    chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] }),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await claw?.stop('SIGKILL');
  await site?.[Symbol.asyncDispose]();
  await provider?.close();
  folder[Symbol.dispose]();
});

async function start(port: number): Promise<void> {
  const config = { providers: { streams: { kind: 'openai', baseUrl: provider.url } }, models: { text: { provider: 'streams' } } };
  claw = await startClaw({ data: folder.in('data'), port, config });
}

const shown = async (page: Page): Promise<string> => (await page.textContent('#text')) ?? '';
const longer = (page: Page, chars: number): Promise<unknown> =>
  page.waitForFunction((least) => (document.querySelector('#text')?.textContent.length ?? 0) > least, chars);
const ready = (page: Page): Promise<unknown> => page.waitForFunction(() => document.querySelector('#status')?.textContent === 'ready 2');

async function ask(chat: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${site.url}#${chat}`);
  await page.click('#ask');
  await longer(page, 40);
  return page;
}

test('a page that is loaded anew shows the whole answer, which was asked for once', async () => {
  const page = await ask('anew');
  await page.reload();
  await ready(page);
  expect(await shown(page)).toBe(provider.ledger()[0]?.full);
  expect(provider.stats().requests).toBe(1);
  await page.close();
});

test('kill -9 under the page: when the server is back and the page is loaded anew, it shows the whole answer', async () => {
  const page = await ask('killed');
  await claw.stop('SIGKILL');
  await start(claw.port);
  await page.reload();
  await ready(page);
  expect(await shown(page)).toBe(provider.ledger()[0]?.full);
  await page.close();
});
