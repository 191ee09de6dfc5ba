import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, describe, expect, test } from 'vitest';
import { openMetricsListener } from '../src/machine/metrics-listener.ts';
import { createWebhook } from '../src/machine/webhook.ts';

describe('the place where Prometheus reads', () => {
  const options = { path: '/metrics', contentType: 'text/plain; version=0.0.4', text: () => 'a 1\n' };

  /** Its status and body. */
  function ask(url: string, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, url), { headers, method }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
      });
      sent.on('error', reject).end();
    });
  }

  test('gives the text at its path, and nothing elsewhere', async () => {
    await using listener = await openMetricsListener(0, options);
    expect(listener.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(await ask(listener.url, '/metrics?x=1')).toEqual([200, 'a 1\n']);
    expect(await ask(listener.url, '/metrics', {}, 'HEAD')).toEqual([200, '']);
    expect((await ask(listener.url, '/'))[0]).toBe(404);
    expect((await ask(listener.url, '/metrics', {}, 'POST'))[0]).toBe(405);
  });

  test('answers to no name but this machine’s', async () => {
    await using listener = await openMetricsListener(0, options);
    expect((await ask(listener.url, '/metrics', { host: 'evil.example:9090' }))[0]).toBe(403);
    for (const host of ['localhost:9090', '127.0.0.1', '[::1]:9090']) expect((await ask(listener.url, '/metrics', { host }))[0]).toBe(200);
  });

  test('a port that is taken is an error that says what to do', async () => {
    await using listener = await openMetricsListener(0, options);
    const port = Number(new URL(listener.url).port);
    await expect(openMetricsListener(port, options)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: `The port ${port} of 127.0.0.1 is taken: metrics cannot be served there. Choose another with --metrics-port.`,
    });
  });
});

describe('the webhook', () => {
  let server: Server;

  afterEach(() => server.close());

  /** A server that answers with each of these statuses, then 200; and what it heard. */
  async function hear(
    ...statuses: number[]
  ): Promise<{ readonly url: string; readonly heard: unknown[]; enough(count: number): Promise<void> }> {
    const heard: unknown[] = [];
    let wake: () => void = () => undefined;
    server = createServer((message, response) => {
      let text = '';
      message
        .on('data', (part: Buffer) => (text += part))
        .on('end', () => {
          heard.push(JSON.parse(text));
          response.writeHead(statuses.shift() ?? 200).end();
          wake();
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`,
      heard,
      async enough(count) {
        while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve));
      },
    };
  }

  /** Waits for nothing but answers. */
  const hurried: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(ms === 5_000 ? ms : 0, fn) };

  test('is told one after the other, again where that failed', async () => {
    const { url, heard, enough } = await hear(500, 503);
    using webhook = createWebhook({ url: () => url, clock: hurried, random: seededRandom(1), log: () => undefined });
    const told = [webhook.send({ n: 1 }), webhook.send({ n: 2 })];
    await enough(4);
    expect(await Promise.all(told)).toEqual([true, true]);
    expect(heard).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }, { n: 2 }]);
  });

  test('is given up after eight tries, without its address being said', async () => {
    const { url, heard } = await hear(...Array.from({ length: 8 }, () => 500));
    const log = Promise.withResolvers<string>();
    using webhook = createWebhook({ url: () => url, clock: hurried, random: seededRandom(1), log: log.resolve });
    // There is no more to be done about it.
    expect(await webhook.send({ n: 1 })).toBe(true);
    expect(await log.promise).toBe('claw: the webhook of alerts could not be told (it answers 500); 8 tries were made');
    expect(heard).toHaveLength(8);
  });

  test('an address that is none is said, not thrown', async () => {
    await hear();
    const log = Promise.withResolvers<string>();
    using webhook = createWebhook({ url: () => 'nowhere', clock: hurried, random: seededRandom(1), log: log.resolve });
    void webhook.send({ n: 1 });
    expect(await log.promise).not.toContain('nowhere');
  });
});
