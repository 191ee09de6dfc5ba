import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createGate } from '../src/admission/gate.ts';
import type { GatewayContext } from '../src/admission/options.ts';
import type { Principal } from '../src/identity/principal.ts';

const ASKER: Principal = { tenant: 't', id: 'k', scopes: new Set(['read']) };

test('looks each time at whose answer is under way, and no more at who left, even before it was admitted', async () => {
  const looked: Principal[] = [];
  const identity = { still: (principal: Principal) => looked.push(principal) && principal };
  const gate = createGate({ identity } as unknown as GatewayContext);
  const responses: ServerResponse[] = [];
  await using server = createServer((_request, response) => void responses.push(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (): Promise<{ readonly response: ServerResponse; leave(): Promise<void> }> => {
    const client = request({ port, host: '127.0.0.1' }).on('error', () => undefined);
    client.end();
    await once(server, 'request');
    const response = responses.at(-1) as ServerResponse;
    return {
      response,
      async leave() {
        client.destroy();
        await once(response, 'close');
      },
    };
  };
  const admitted = { principal: ASKER, permission: { scope: 'read' } } as unknown as Parameters<typeof gate.watch>[0];

  const stays = await ask();
  gate.watch(admitted, stays.response);
  gate.tick();
  expect(looked).toHaveLength(1);
  await stays.leave();
  const left = await ask();
  await left.leave();
  gate.watch(admitted, left.response);
  gate.tick();
  expect(looked).toHaveLength(1);
});
