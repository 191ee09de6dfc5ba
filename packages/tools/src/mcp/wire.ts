import type { AuthProvider, OAuthClientProvider, Transport } from '@modelcontextprotocol/client';
import { valueOf, valuesOf } from '../process/given.ts';
import type { Ended } from '../process/port.ts';
import { within } from '../tool/within.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { HttpServer, McpServerOptions, StdioServer } from './options.ts';
import type { McpPorts } from './ports.ts';
import type { Sdk } from './sdk.ts';
import { createStdioTransport } from './stdio-transport.ts';

/** What a client speaks over. */
export interface Wire {
  readonly transport: Transport;
  /** How it ended, in words. */
  readonly how: () => Promise<string>;
  /** Says goodbye, where that is a custom. Never rejects. */
  readonly leave: () => Promise<void>;
}

const GOODBYE_MS = 1_000;

export function openWire(sdk: Sdk, options: McpServerOptions, ports: McpPorts): Promise<Wire> {
  return options.kind === 'http' ? openHttp(sdk, options, ports) : openStdio(sdk, options, ports);
}

async function openHttp(sdk: Sdk, options: HttpServer, ports: McpPorts): Promise<Wire> {
  const authProvider = await providerOf(sdk, options);
  const fetch = boundedFetch(ports.fetch, new URL(options.url).origin, () => valuesOf(options.headers));
  const transport = new sdk.StreamableHTTPClientTransport(new URL(options.url), { fetch, ...(authProvider ? { authProvider } : {}) });
  const leave = (): Promise<void> =>
    within(ports.clock, 'leaving', GOODBYE_MS, new AbortController().signal, () => transport.terminateSession()).catch(() => {});
  return { transport, how: async () => 'the connection ended', leave };
}

/** The SDK gives the secret to that issuer only, whatever authorization server the MCP server names. */
async function providerOf(sdk: Sdk, { auth }: HttpServer): Promise<AuthProvider | OAuthClientProvider | undefined> {
  if (!auth) return undefined;
  const { clientId, secret, issuer, scope } = auth;
  const given = { clientId, expectedIssuer: issuer, ...(scope === undefined ? {} : { scope }) };
  if (typeof secret !== 'object') return new sdk.ClientCredentialsProvider({ ...given, clientSecret: await valueOf(secret) });
  return new sdk.PrivateKeyJwtProvider({ ...given, privateKey: await valueOf(secret.privateKey), algorithm: secret.algorithm });
}

async function openStdio(sdk: Sdk, { command, args = [], cwd, env }: StdioServer, ports: McpPorts): Promise<Wire> {
  const given = { ...ports.env, ...(await valuesOf(env)) };
  const child = ports.processes.start({ command, args, env: given, ...(cwd === undefined ? {} : { cwd }) });
  const transport = createStdioTransport(sdk, child, ports.clock);
  return { transport, how: async () => endedHow(await transport.ended, transport.stderr.text()), leave: async () => {} };
}

function endedHow(ended: Ended, stderr: string): string {
  const how =
    'failure' in ended
      ? `it could not be started: ${ended.failure}`
      : ended.signal === null
        ? `exit code ${ended.code}`
        : `ended by ${ended.signal}`;
  return stderr.trim() === '' ? how : `${how}; it said: ${stderr.trim()}`;
}
