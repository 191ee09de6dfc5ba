import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { HouseTool } from '@openclaw-runtime/agent';
import { systemClock } from '@openclaw-runtime/kit';
import { afterEach, expect, it } from 'vitest';
import { createHttpTool, type HttpFetchOptions } from '../src/http/fetch-tool.ts';
import type { Web } from '../src/http/port.ts';
import { createWeb } from '../src/machine/web.ts';
import { callOf } from './call.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(handler: Handler): Promise<number> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Names are answered from a table; each look-up takes the next answer, the last one stays. */
function webOf(names: Readonly<Record<string, readonly (readonly string[])[]>>): Web & { readonly lookups: string[] } {
  const lookups: string[] = [];
  return {
    ...createWeb(),
    lookups,
    async resolve(host) {
      const answers = names[host] ?? [];
      const before = lookups.filter((name) => name === host).length;
      lookups.push(host);
      const found = answers[Math.min(before, answers.length - 1)];
      if (!found) throw new Error('ENOTFOUND');
      return found;
    },
  };
}

function toolOf(web: Web, options: Partial<HttpFetchOptions> = {}): HouseTool {
  const house = { clock: systemClock, maxResultBytes: 65_536, needsApproval: () => false };
  return createHttpTool(house, web, {
    deny: [],
    ports: [80, 443],
    allowAddresses: ['127.0.0.1'],
    methods: ['GET', 'HEAD', 'POST'],
    timeoutMs: 5_000,
    maxBytes: 100_000,
    ...options,
  });
}

const LOOPBACK = { 'a.test': [['127.0.0.1']], 'b.test': [['127.0.0.1']] };

it('fetches, and tells the status, where it came from and the text', async () => {
  const port = await listen((request, response) => {
    response.writeHead(201, { 'content-type': 'text/plain; charset=latin1', 'x-other': 'no' });
    response.end(Buffer.from(`${request.method} ${request.headers.host} ${request.headers['x-mine']} \u00e9`, 'latin1'));
  });
  const tool = toolOf(webOf(LOOPBACK), { ports: [port] });
  const told = await tool.execute(
    { url: `http://A.test:${port}/x?y#z`, method: 'POST', body: 'hi', headers: { 'X-Mine': 'yes' } },
    callOf(),
  );
  expect(told).toBe(`201 http://a.test:${port}/x?y\ncontent-type: text/plain; charset=latin1\n\nPOST a.test:${port} yes é`);
});

it('connects to nothing that is not public, however it is written', async () => {
  let asked = 0;
  const port = await listen((_, response) => {
    asked++;
    response.end();
  });
  const names = {
    'inside.test': [['10.0.0.1']],
    'both.test': [['93.184.216.34', '127.0.0.1']],
    'six.test': [['::ffff:127.0.0.1']],
    'none.test': [[]],
    localhost: [['127.0.0.1']],
  };
  const tool = toolOf(webOf(names), { ports: [port], allowAddresses: [] });
  const hosts = [
    ...['127.0.0.1', '127.1', '0x7f.0.0.1', '0177.0.0.1', '2130706433', '0', '[::1]', '[::ffff:127.0.0.1]', '[::]', '169.254.169.254'],
    ...['inside.test', 'both.test', 'six.test', 'none.test', 'localhost', 'localhost.', '①②⑦.⓪.⓪.①'],
  ];
  for (const host of hosts) {
    await expect(tool.execute({ url: `http://${host}:${port}/` }, callOf()), host).rejects.toMatchObject({
      code: 'DENIED',
      message: expect.stringMatching(/does not lead to the public internet/),
    });
  }
  expect(asked).toBe(0);
});

it('connects to the address that was judged: a name that changes its mind is not asked again', async () => {
  const port = await listen((_, response) => response.end('judged'));
  const web = webOf({ 'flip.test': [['127.0.0.1'], ['127.0.0.2']] });
  const told = await toolOf(web, { ports: [port] }).execute({ url: `http://flip.test:${port}/` }, callOf());
  expect(told).toMatch(/judged$/);
  expect(web.lookups).toEqual(['flip.test']);
});

it('judges each redirect: a name that is public first and private then leads nowhere', async () => {
  const port = await listen((_, response) => response.writeHead(302, { location: '/again' }).end());
  const web = webOf({ 'flip.test': [['127.0.0.1'], ['127.0.0.2']] });
  await expect(toolOf(web, { ports: [port] }).execute({ url: `http://flip.test:${port}/` }, callOf())).rejects.toMatchObject({
    code: 'DENIED',
  });
  expect(web.lookups).toEqual(['flip.test', 'flip.test']);
});

it('goes nowhere a rule forbids, at once or by redirect', async () => {
  const port = await listen((request, response) =>
    response.writeHead(302, { location: decodeURIComponent(request.url?.slice(2) ?? '') }).end(),
  );
  const tool = toolOf(webOf({ ...LOOPBACK, 'x.a.test': [['127.0.0.1']], 'xa.test': [['127.0.0.1']] }), {
    ports: [port],
    allow: ['a.test', '*.a.test'],
    deny: ['x.a.test'],
  });
  const refused = [
    'ftp://a.test/',
    'file:///etc/passwd',
    `http://a.test/`,
    `http://b.test:${port}/`,
    `http://x.a.test:${port}/`,
    `http://xa.test:${port}/`,
    `http://u:p@a.test:${port}/`,
    `http://127.0.0.1:${port}/`,
  ];
  for (const url of refused) {
    await expect(tool.execute({ url }, callOf()), url).rejects.toMatchObject({ code: 'DENIED' });
    await expect(
      tool.execute({ url: `http://a.test:${port}/?${encodeURIComponent(url)}` }, callOf()),
      `redirect to ${url}`,
    ).rejects.toMatchObject({ code: 'DENIED' });
  }
  await expect(tool.execute({ url: 'nonsense' }, callOf())).rejects.toMatchObject({ code: 'TOOL_FAILED' });
});

it('follows five redirects, and carries credentials to no other origin', async () => {
  const seen: string[] = [];
  const port = await listen((request, response) => {
    const left = Number(request.url?.slice(1));
    seen.push(
      `${request.method} ${request.headers.host?.split(':')[0]} ${request.headers.authorization} ${request.headers.cookie} ${request.headers['private-token']} ${request.headers['accept-language']}`,
    );
    if (left === 0) return response.end('there');
    const host = left === 1 ? 'b.test' : 'a.test';
    response.writeHead(left === 3 ? 303 : 307, { location: `http://${host}:${port}/${left - 1}` }).end();
  });
  const tool = toolOf(webOf(LOOPBACK), { ports: [port] });
  const headers = { authorization: 'Bearer s', cookie: 'c=1', 'private-token': 'm', 'accept-language': 'de' };
  const told = await tool.execute({ url: `http://a.test:${port}/3`, method: 'POST', body: 'x', headers }, callOf());
  expect(told).toMatch(/there$/);
  expect(seen).toEqual([
    'POST a.test Bearer s c=1 m de',
    'GET a.test Bearer s c=1 m de',
    'GET a.test Bearer s c=1 m de',
    'GET b.test undefined undefined undefined de',
  ]);
  await expect(tool.execute({ url: `http://a.test:${port}/5` }, callOf())).resolves.toMatch(/there$/);
  await expect(tool.execute({ url: `http://a.test:${port}/6` }, callOf())).rejects.toThrow(/more than 5 redirects/);
});

it('reads compressed bodies, and no more of a bomb than its limit', async () => {
  const bodies: Readonly<Record<string, Buffer>> = {
    '/gzip': gzipSync('packed'),
    '/br': brotliCompressSync('packed'),
    '/deflate': deflateSync('packed'),
    '/gzip?bomb': gzipSync(Buffer.alloc(50_000_000, 'x')),
    '/gzip?torn': gzipSync('packed'.repeat(100)).subarray(0, 30),
  };
  const port = await listen((request, response) => {
    const [encoding] = request.url?.slice(1).split('?') ?? [];
    response.writeHead(200, { 'content-encoding': encoding }).end(request.method === 'HEAD' ? undefined : bodies[request.url ?? '']);
  });
  const tool = toolOf(webOf(LOOPBACK), { ports: [port], maxBytes: 1_000 });
  const get = (path: string, more: object = {}): Promise<string> =>
    tool.execute({ url: `http://a.test:${port}${path}`, ...more }, callOf());
  for (const path of ['/gzip', '/br', '/deflate']) expect(await get(path)).toMatch(/\n\npacked$/);
  const bomb = await get('/gzip?bomb');
  expect(bomb).toMatch(/x\n\[cut: the first 1000 bytes are shown\]$/);
  expect(bomb.length).toBeLessThan(1_200);
  expect(await get('/gzip', { maxBytes: 3 })).toMatch(/pac\n\[cut/);
  expect(await get('/gzip', { method: 'HEAD' })).toMatch(/^200 /);
  await expect(get('/gzip?torn')).rejects.toMatchObject({ code: 'TOOL_FAILED' });
});

it('ends what never ends: by size, by time, by signal; the connection with it', async () => {
  let gone = 0;
  const port = await listen((request, response) => {
    response.on('close', () => gone++);
    if (request.url === '/silent') return;
    const more = (): void => void (response.destroyed || response.write('x'.repeat(10_000), () => setImmediate(more)));
    more();
  });
  const tool = toolOf(webOf(LOOPBACK), { ports: [port], timeoutMs: 15_000 });
  const hasty = toolOf(webOf(LOOPBACK), { ports: [port], timeoutMs: 300 });
  expect(await tool.execute({ url: `http://a.test:${port}/`, maxBytes: 1_000 }, callOf())).toMatch(/\[cut: the first 1000 bytes/);
  await expect(hasty.execute({ url: `http://a.test:${port}/silent` }, callOf())).rejects.toMatchObject({ code: 'TOOL_TIMEOUT' });
  const controller = new AbortController();
  const pending = tool.execute({ url: `http://a.test:${port}/silent` }, callOf(undefined, controller.signal));
  controller.abort('enough');
  await expect(pending).rejects.toBe('enough');
  await expect.poll(() => gone, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
});

it('sends no header that is ours, and none that breaks a line', async () => {
  const tool = toolOf(webOf(LOOPBACK));
  for (const headers of [
    { Host: 'x' },
    { 'content-length': '1' },
    { 'x-forwarded-for': '1' },
    { 'x-a': 'b\r\nc: d' },
    { 'x a': 'b' },
    { '': 'b' },
  ]) {
    await expect(tool.execute({ url: 'http://a.test/', headers }, callOf()), JSON.stringify(headers)).rejects.toMatchObject({
      code: 'TOOL_FAILED',
    });
  }
});

it('says of pictures that they are there', async () => {
  const port = await listen((_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(77)));
  expect(await toolOf(webOf(LOOPBACK), { ports: [port] }).execute({ url: `http://a.test:${port}/` }, callOf())).toMatch(
    /\[77 bytes that are no text\]$/,
  );
});

it('has side effects where a method has', () => {
  expect(toolOf(webOf({}), { methods: ['GET', 'HEAD'] }).card).toMatchObject({ sideEffects: false, onInterrupted: 'retry' });
  expect(toolOf(webOf({})).card).toMatchObject({ sideEffects: true, onInterrupted: 'fail' });
});
