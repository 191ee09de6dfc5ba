import { describe, expect, it } from 'vitest';
import { createBoundedFetch } from '../src/mcp/bounded-fetch.ts';

interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: string | undefined;
}

function fetchOf(
  server: string,
  answer: () => Response = () => new Response('ok'),
): ReturnType<typeof createBoundedFetch> & { readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const bounded = createBoundedFetch(
    async (url, init) => {
      sent.push({ url: String(url), headers: new Headers(init?.headers), redirect: init?.redirect });
      return answer();
    },
    new URL(server),
    async () => ({ 'x-key': 'canary' }),
  );
  return { ...bounded, sent };
}

const redirection = (location: string) => () => new Response(null, { status: 307, headers: { location } });

describe('what goes out to MCP servers and whoever they name', () => {
  it('has its headers at the server’s origin only, and follows nothing by itself', async () => {
    const { fetch, sent } = fetchOf('https://a.test/mcp');
    await fetch('https://a.test/mcp', { redirect: 'follow' });
    await fetch('https://login.test/token');
    await fetch('https://a.test:8443/mcp');
    expect(sent.map(({ headers }) => headers.get('x-key'))).toEqual(['canary', null, null]);
    expect(sent.map(({ redirect }) => redirect)).toEqual(['manual', 'manual', 'manual']);
  });

  it.each([
    ['https://a.test/mcp', 'http://login.test/x'],
    ['https://a.test/mcp', 'http://127.0.0.1:9/x'],
    ['http://a.test/mcp', 'http://169.254.169.254/latest'],
    ['http://127.0.0.1:1/mcp', 'http://10.0.0.1/x'],
    ['https://a.test/mcp', 'file:///etc/passwd'],
  ])('does not ask in the open: of %s not %s', async (server, url) => {
    const { fetch, sent } = fetchOf(server);
    await expect(fetch(url)).rejects.toThrow(/neither https nor on the machine/);
    expect(sent).toEqual([]);
  });

  it.each(['http://localhost:2/x', 'http://127.0.0.1:2/x', 'http://[::1]:2/x', 'https://login.test/x'])(
    'asks a server of this machine also for %s',
    async (url) => {
      const { fetch, sent } = fetchOf('http://127.0.0.1:1/mcp');
      await fetch(url);
      expect(sent).toHaveLength(1);
    },
  );

  it.each(['https://evil.test/x', 'https://a.test:8443/x', 'http://a.test/x', '//evil.test', 'https://[broken'])(
    'points nobody to %s',
    async (location) => {
      const { fetch } = fetchOf('https://a.test/mcp', redirection(location));
      await expect(fetch('https://a.test/mcp')).rejects.toThrow(/points to .*, which is another origin and is not followed/);
    },
  );

  it('hands on redirections within the origin, and from a host to its own TLS', async () => {
    expect((await fetchOf('https://a.test/mcp', redirection('/other')).fetch('https://a.test/mcp')).status).toBe(307);
    expect((await fetchOf('http://a.test/mcp', redirection('https://a.test/mcp')).fetch('http://a.test/mcp')).status).toBe(307);
  });

  it('ends an answer that is too long: sooner where it is not the server’s own', async () => {
    const long = (): Response => new Response('x'.repeat(1_100_000));
    const { fetch } = fetchOf('https://a.test/mcp', long);
    expect((await (await fetch('https://a.test/mcp')).text()).length).toBe(1_100_000);
    await expect((await fetch('https://login.test/x')).text()).rejects.toThrow(/more than 1048576 bytes/);
  });

  it('knows with which token an answer was asked for', async () => {
    const { fetch, sentWith } = fetchOf('https://a.test/mcp');
    expect(sentWith(await fetch('https://a.test/mcp', { headers: { authorization: 'Bearer one' } }))).toBe('one');
    expect(sentWith(await fetch('https://a.test/mcp'))).toBeUndefined();
  });
});
