/** Calls of agents by MCP: who waits for how long, who is not waited for, and in whose trace they are. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type Socket } from 'node:net';
import { setTimeout as passed } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import { createMemoryStore, type Lease, type RunKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import type { GatewayOptions } from '../src/index.ts';
import { FINISHED, openRig, type Rig } from './rig.ts';

/** More than the kernel keeps for a connection. */
const LONG = 24;
const PART = '.'.repeat(256 * 1024);

interface Talking extends AsyncDisposable {
  readonly rig: Rig;
  readonly cancelled: ReadonlySet<RunKey>;
  /** Runs under way. */
  readonly leases: readonly Lease[];
}

/** A house whose runs say these texts, and end unless they only begin. */
async function openTalking(texts: readonly string[], ends: boolean, limits: GatewayOptions['limits'] = {}): Promise<Talking> {
  const store = createMemoryStore();
  const rig = await openRig({ store, limits });
  const cancelled = new Set<RunKey>();
  const leases: Lease[] = [];
  const stop = store.queue.consume('test', 1_000, {
    leased(lease: Lease) {
      leases.push(lease);
      const said = texts.map((text) => encodeRecord('text', 1, 1, text));
      lease.append([encodeRecord('step.started', 1, 1, { model: 'm' }), ...said], 'process');
      if (ends) lease.append([encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }), FINISHED], 'process', true);
    },
    command(key, { kind }) {
      if (kind === 'cancel') cancelled.add(key);
    },
    lost: () => undefined,
  });
  return {
    rig,
    cancelled,
    leases,
    async [Symbol.asyncDispose]() {
      stop();
      await rig[Symbol.asyncDispose]();
    },
  };
}

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'default', arguments: { message: 'Talk.' } } };
const ASKED = { model: 'agent:default', messages: [{ role: 'user', content: 'Talk.' }] };

test.each([
  ['/mcp', CALL],
  ['/v1/chat/completions', ASKED],
] as const)('who asks %s and takes nothing of a long answer is cut, though the run has ended', async (path, asked) => {
  await using house = await openTalking(
    Array.from({ length: LONG }, () => PART),
    true,
    { stalledMs: 500 },
  );
  const body = JSON.stringify(asked);
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Accept: application/json, text/event-stream',
    'Content-Type: application/json',
  ];
  const socket = connect(house.rig.gateway.port, '127.0.0.1').pause();
  let bytes = 0;
  const gone = new Promise<void>((resolve) => socket.on('error', () => undefined).on('close', () => resolve()));
  const cut = cutOfNext();
  socket.write(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`);
  await cut;
  socket.on('data', (part: Buffer) => {
    bytes += part.length;
  });
  socket.resume();
  await gone;
  expect(house.leases).toHaveLength(1);
  expect(bytes).toBeLessThan(LONG * PART.length);
  expect(house.rig.defects).toEqual([]);
});

test('a call is in the trace that it names, or else its request', async () => {
  await using house = await openTalking(['Hm.'], true);
  const parentOf = (letter: string): string => `00-${letter.repeat(32)}-${'b'.repeat(16)}-01`;
  const headers = { traceparent: parentOf('a') };
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${house.rig.http}/mcp`), { requestInit: { headers } }));
  const ask = { name: 'default', arguments: { message: 'Talk.' } };
  await client.callTool(ask);
  await client.callTool({ ...ask, _meta: { traceparent: parentOf('c') } });
  expect(house.leases.map(({ creation }) => /"trace":{"parent":"(.*?)"}/.exec(creation)?.[1])).toEqual(['a', 'c'].map(parentOf));
  await client.close();
});

test('a call that is taken back ends at once, also one that has a key for who comes back', async () => {
  await using house = await openTalking(['Hm.'], false);
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${house.rig.http}/mcp`)));
  const stop = new AbortController();
  const call = client.callTool(
    { name: 'default', arguments: { message: 'Talk.' }, _meta: { 'openclaw-runtime/idempotency-key': 'k' } },
    { signal: stop.signal },
  );
  const rejected = expect(call).rejects.toThrow();
  await until(() => house.leases.length === 1);
  stop.abort();
  await rejected;
  await until(() => house.cancelled.size === 1);
  await client.close();
});

/** When the server has done with the connection of the next request. */
function cutOfNext(): Promise<void> {
  return new Promise((resolve) => {
    const hear = (request: unknown): void => {
      unsubscribe('http.server.request.start', hear);
      (request as { readonly socket: Socket }).socket.once('close', () => resolve());
    };
    subscribe('http.server.request.start', hear);
  });
}

async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error('it never came');
    await passed(5);
  }
}
