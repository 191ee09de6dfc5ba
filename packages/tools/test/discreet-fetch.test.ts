import { expect, it } from 'vitest';
import { discreetFetch } from '../src/mcp/discreet-fetch.ts';

const body = new URLSearchParams({
  grant_type: 'refresh_token',
  refresh_token: 'refresh "canary"',
  scope: 'read all of it',
  code: 'short',
});
const headers = { authorization: `Basic ${Buffer.from('client:password-canary').toString('base64')}` };

it.each([
  ['itself', 'no refresh "canary" today', 'no [secret] today'],
  ['in JSON', JSON.stringify({ error_description: 'refresh "canary"' }), '{"error_description":"[secret]"}'],
  ['as a form has it', 'refresh%20%22canary%22', '[secret]'],
  ['the password', 'password-canary', '[secret]'],
  ['what is no secret', 'read all of it, short, client', 'read all of it, short, client'],
])('an error says nothing secret of its request back: %s', async (_, said, heard) => {
  const fetch = discreetFetch(
    async () => new Response(said, { status: 400, headers: { 'content-type': 'text/x', 'content-length': '9' } }),
  );
  const answer = await fetch('https://a.test/token', { method: 'POST', body, headers });
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([400, 'text/x', heard]);
});

it('an answer that is none is handed on as it is', async () => {
  const whole = new Response('password-canary');
  expect(await discreetFetch(async () => whole)('https://a.test/token', { body, headers })).toBe(whole);
  const refused = new Response('', { status: 401 });
  expect(await discreetFetch(async () => refused)('https://a.test/mcp')).toBe(refused);
});
