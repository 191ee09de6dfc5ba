// An MCP server that wants a token, and the authorization server that gives it: both by hand, so that they can misbehave.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Consent } from '@openclaw-runtime/tools';

export interface OauthPeer {
  /** Of the MCP server. */
  readonly url: string;
  readonly origin: string;
  /** `METHOD PATH` of each request, and what was asked of the authorization server. */
  readonly seen: string[];
  /** Rights that calls of tools need; of everything else, none. */
  needs: string;
  /** Whether refresh tokens are taken; `fresh`: only those that were not given by a code. */
  refreshes: boolean | 'fresh';
  /** Before a refresh token is refused. */
  onRefused: () => Promise<void> | void;
  /** Comes back with each redirection, in place of a code. */
  refusal: string | undefined;
  /** Whether its tool says which token it was called with, and a refusal which one was refused. */
  tells: boolean;
  /** For what it says its tokens are. */
  resource: string;
  /** What else stands in the description of the authorization server. */
  metadata: Readonly<Record<string, unknown>>;
  /** Ends every access token that was given. */
  expire(): void;
  /** Tokens as somebody else got them. */
  grant(scope: string): {
    readonly access_token: string;
    readonly token_type: string;
    readonly refresh_token: string;
    readonly scope: string;
  };
  close(): Promise<void>;
}

const LISTED = [{ name: 'x', inputSchema: { type: 'object' } }];

export async function openOauthPeer(): Promise<OauthPeer> {
  const granted = new Map<string, string>();
  const challenges = new Map<string, { readonly challenge: string; readonly scope: string }>();
  let count = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, Buffer.concat(chunks).toString(), response));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const json = (response: ServerResponse, status: number, body: unknown): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const grant = (scope: string): ReturnType<OauthPeer['grant']> => {
    const token = `access-${++count}-canary`;
    granted.set(token, scope);
    return { access_token: token, token_type: 'Bearer', refresh_token: `refresh-${count}-canary`, scope };
  };
  const give = (response: ServerResponse, scope: string): void => json(response, 200, { ...grant(scope), expires_in: 60 });
  const spent = new Set<string>();

  const peer: OauthPeer = {
    url: `${origin}/mcp`,
    origin,
    seen: [],
    needs: 'read',
    refreshes: true,
    onRefused: () => {},
    grant,
    refusal: undefined,
    tells: false,
    resource: `${origin}/mcp`,
    metadata: {},
    expire: () => granted.clear(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  function answer({ method, url = '/', headers }: IncomingMessage, body: string, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, origin);
    const params = new URLSearchParams(body);
    peer.seen.push(`${method} ${pathname} ${params.get('grant_type') ?? searchParams.get('scope') ?? ''}`.trim());
    if (pathname === '/.well-known/oauth-protected-resource/mcp')
      return json(response, 200, { resource: peer.resource, authorization_servers: [origin], scopes_supported: ['read'] });
    if (pathname === '/.well-known/oauth-authorization-server')
      return json(response, 200, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none'],
        ...peer.metadata,
      });
    if (pathname === '/register') return json(response, 201, { ...(JSON.parse(body) as object), client_id: 'registered' });
    if (pathname === '/authorize') return authorize(searchParams, response);
    if (pathname === '/token') return token(params, response);
    if (pathname === '/mcp') return speak(headers.authorization, body, response);
    response.writeHead(404).end();
  }

  function authorize(asked: URLSearchParams, response: ServerResponse): void {
    const back = new URL(asked.get('redirect_uri') ?? '');
    back.searchParams.set('state', asked.get('state') ?? '');
    const code = `code-${++count}`;
    challenges.set(code, { challenge: asked.get('code_challenge') ?? '', scope: asked.get('scope') ?? '' });
    if (peer.refusal === undefined) back.searchParams.set('code', code);
    else back.searchParams.set('error', peer.refusal);
    response.writeHead(302, { location: back.href }).end();
  }

  function token(asked: URLSearchParams, response: ServerResponse): void {
    const about = peer.tells ? `not ${asked.get('refresh_token') ?? asked.get('code')}` : 'not that';
    const refused = (): void => json(response, 400, { error: 'invalid_grant', error_description: about });
    if (asked.get('resource') !== peer.url) return json(response, 400, { error: 'invalid_target' });
    if (asked.get('grant_type') === 'refresh_token') {
      const taken = peer.refreshes === 'fresh' ? !spent.has(asked.get('refresh_token') ?? '') : peer.refreshes;
      if (taken) return give(response, 'read');
      return void Promise.resolve(peer.onRefused()).then(refused);
    }
    const code = challenges.get(asked.get('code') ?? '');
    const verifier = createHash('sha256')
      .update(asked.get('code_verifier') ?? '')
      .digest('base64url');
    if (!code || code.challenge !== verifier) return refused();
    challenges.delete(asked.get('code') ?? '');
    spent.add(`refresh-${count + 1}-canary`);
    give(response, code.scope);
  }

  function speak(authorization = '', body: string, response: ServerResponse): void {
    const { id, method } = JSON.parse(body || '{}') as { id?: number; method?: string };
    const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
    const scope = granted.get(authorization.replace('Bearer ', ''));
    if (scope === undefined) return void response.writeHead(401, { 'www-authenticate': `Bearer ${metadata}` }).end();
    const say = (result: object): void => json(response, 200, { jsonrpc: '2.0', id, result });
    if (method === 'initialize')
      return say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } });
    if (method === 'tools/list') return say({ tools: LISTED });
    if (method !== 'tools/call') return void response.writeHead(method === undefined ? 405 : 202).end();
    const lacking = peer.needs.split(' ').some((right) => !scope.split(' ').includes(right));
    const challenge = `Bearer error="insufficient_scope", scope="${peer.needs}", ${metadata}`;
    if (lacking) return void response.writeHead(403, { 'www-authenticate': challenge }).end();
    say({ content: [{ type: 'text', text: `done with ${scope}${peer.tells ? ` by ${authorization}` : ''}` }] });
  }

  return peer;
}

/** Somebody who says yes, without a browser: what comes back is read off the redirection. */
export function createYes(change: (back: URLSearchParams) => void = () => {}): Consent & { readonly asked: URL[] } {
  const asked: URL[] = [];
  return {
    asked,
    redirectUrl: 'http://127.0.0.1:1/callback',
    async ask(url) {
      asked.push(url);
      const page = await fetch(url, { redirect: 'manual' });
      const back = new URL(page.headers.get('location') ?? '').searchParams;
      change(back);
      return back;
    },
  };
}
