import { LIMITS } from '@openclaw-runtime/protocol';
import { healthOf, presenceOf, uptimeOf } from './methods/about.ts';
import type { House, Seat } from './methods/call.ts';
import { EVENTS, METHODS } from './methods/table.ts';
import { defaultAgentOf, readCatalogue } from './sessions/catalogue.ts';
import { GATEWAY_PROTOCOL } from './words/client.ts';
import { MAIN, sessionNameOf } from './words/session-key.ts';

/** What a client is told when it is known: what is served here, and how the server fares. */
export async function helloOk(house: House, seat: Seat, scopes: readonly string[], authMode: 'none' | 'token'): Promise<object> {
  const { context } = house;
  const { limits, serverName, store } = context;
  const catalogue = await readCatalogue(store);
  const defaultAgentId = defaultAgentOf(catalogue);
  return {
    type: 'hello-ok',
    protocol: GATEWAY_PROTOCOL,
    server: { version: serverName, connId: seat.connId },
    features: { methods: Object.keys(METHODS), events: EVENTS },
    snapshot: {
      presence: presenceOf({ house, tenant: seat.principal.tenant }),
      health: healthOf(house),
      stateVersion: { presence: 0, health: 0 },
      uptimeMs: uptimeOf(house),
      sessionDefaults: { defaultAgentId, mainKey: MAIN, mainSessionKey: sessionNameOf(MAIN, defaultAgentId).key, scope: 'per-sender' },
      authMode,
    },
    auth: { role: 'operator', scopes },
    policy: { maxPayload: LIMITS.maxFrameBytes, maxBufferedBytes: limits.unsentBytes, tickIntervalMs: limits.heartbeatMs },
  };
}
