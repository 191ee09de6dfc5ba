import type { StreamableHTTPClientTransport, Transport } from '@modelcontextprotocol/client';
import { valuesOf } from '../process/given.ts';
import type { Ended } from '../process/port.ts';
import { within } from '../tool/within.ts';
import { createAuthFetch, createTokenFetch } from './auth-fetch.ts';
import { createBoundedFetch } from './bounded-fetch.ts';
import { providerOf } from './credentials.ts';
import { discreetFetch } from './discreet-fetch.ts';
import type { HttpServer, McpServerOptions, StdioServer } from './options.ts';
import { createPerson, type Person } from './person.ts';
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
  /** A text of the server's without what it was given to know us by. */
  readonly hide: (text: string) => string;
  /** Where a person logs in. */
  readonly person?: Person;
}

const GOODBYE_MS = 1_000;
const ENDED = 'the connection ended';

/** `server` is its name, `signal` ends what waits for a person. */
export function openWire(sdk: Sdk, server: string, options: McpServerOptions, ports: McpPorts, signal: AbortSignal): Promise<Wire> {
  return options.kind === 'http' ? openHttp(sdk, server, options, ports, signal) : openStdio(sdk, options, ports);
}

async function openHttp(sdk: Sdk, server: string, options: HttpServer, ports: McpPorts, signal: AbortSignal): Promise<Wire> {
  const { auth, headers = {} } = options;
  const url = new URL(options.url);
  const { fetch: open, sentWith, hide } = createBoundedFetch(ports.fetch, url, () => valuesOf(headers));
  const discreet = discreetFetch(open);
  const common = { fetch: open, redirectPolicy: 'same-origin' as const };
  const leave = (transport: StreamableHTTPClientTransport): Wire['leave'] => {
    const never = new AbortController().signal;
    return () => within(ports.clock, 'leaving', GOODBYE_MS, never, () => transport.terminateSession()).catch(() => {});
  };
  if (auth && auth.grant !== 'person') {
    const fetch = createTokenFetch(discreet, ports.clock);
    const transport = new sdk.StreamableHTTPClientTransport(url, { ...common, fetch, authProvider: await providerOf(sdk, auth, fetch) });
    return { transport, how: async () => ENDED, leave: leave(transport), hide };
  }
  const named = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  if (!auth && named) {
    const transport = new sdk.StreamableHTTPClientTransport(url, common);
    return { transport, how: async () => ENDED, leave: leave(transport), hide };
  }
  const fetch = createAuthFetch(discreet, ports.clock, signal);
  const person = createPerson(sdk, { server, url: options.url, auth: auth ?? { grant: 'person' }, fetch, sentWith, signal }, ports);
  const transport = new sdk.StreamableHTTPClientTransport(url, { ...common, authProvider: person.provider });
  return { transport, how: async () => ENDED, leave: leave(transport), hide, person };
}

async function openStdio(sdk: Sdk, { command, args = [], cwd, env }: StdioServer, ports: McpPorts): Promise<Wire> {
  const given = { ...ports.env, ...(await valuesOf(env)) };
  const child = ports.processes.start({ command, args, env: given, ...(cwd === undefined ? {} : { cwd }) });
  const transport = createStdioTransport(sdk, child, ports.clock);
  return {
    transport,
    how: async () => endedHow(await transport.ended, transport.stderr.text()),
    leave: async () => {},
    hide: (text) => text,
  };
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
