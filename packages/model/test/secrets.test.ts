import { expect, test } from 'vitest';
import { ask, brokerFor, failure, never } from './fixtures/brokers.ts';
import { createScriptedHttp, events, type Reply, status } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const KEY = 'sk-secret-0123456789abcdef';
const HEADERS = { 'X-Api-Key': 'HEADER-SECRET-42', Authorization: 'Basic dXNlcjpwYXNz', 'x-tiny': 'abc' };

async function said(reply: Reply, apiKey: string | undefined = KEY): Promise<string> {
  const http = createScriptedHttp([reply]);
  const config = { baseUrl: 'http://provider.test', retries: { max: 0 }, headers: HEADERS, apiKey: () => apiKey };
  const error = await failure(brokerFor(config, undefined, http).stream(ask('m'), createCollectingSink(), never()));
  return `${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`;
}

test('a key where the quoted line is cut leaves no part of itself', async () => {
  for (let before = 60; before < 125; before++) {
    const message = await said(events(`${'y'.repeat(before)} ${KEY}"`));
    expect(message).toContain('that is not JSON');
    expect(message).not.toContain(KEY.slice(0, 5));
  }
});

test('nor where a long message is cut', async () => {
  for (let before = 470; before < 502; before++) {
    const message = await said(status(401, { error: { message: `${'y'.repeat(before)} ${KEY}` } }));
    expect(message).not.toContain(KEY.slice(0, 5));
  }
});

test('the values of configured headers are left out too, with their scheme or without', async () => {
  const echo = 'bad HEADER-SECRET-42, Basic dXNlcjpwYXNz, dXNlcjpwYXNz, abc';
  const replies = [
    status(401, { error: { message: echo } }),
    status(200, echo, { 'content-type': 'text/html' }),
    events(echo),
    events({ error: { message: echo } }),
    () => {
      throw new Error(echo);
    },
  ];
  for (const reply of replies) expect(await said(reply)).toContain('bad [secret], [secret], [secret], abc');
});

test('a secret that begins with another is replaced whole', async () => {
  expect(await said(status(401, { error: { message: 'bad HEADER-SECRET-42!' } }), 'HEADER')).toContain('bad [secret]!');
});
