import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { CreateDeps } from '../admission/create-run.ts';
import { fromOf } from '../admission/gate.ts';
import type { GatewayContext } from '../admission/options.ts';
import { readJson } from '../http/body.ts';
import { respondError } from '../http/respond.ts';
import type { Door } from '../http/router.ts';
import type { Principal } from '../identity/principal.ts';
import { gonePeer, shownOf } from '../openai/house/house.ts';
import type { Leases } from '../openai/house/leases.ts';
import { isObject } from '../openai/input/fields.ts';
import { createAgentServer } from './agent-server.ts';
import { passOn, requestOf } from './exchange.ts';
import { loadSdk, type Sdk } from './sdk.ts';

const SESSION = 'mcp-session-id';

/** Agents as tools of an MCP server, at `/mcp`: streamable HTTP, of 2025 and of 2026. Each request stands by itself, so a server that is started anew goes on with its clients. */
export function createMcpDoor(context: GatewayContext, create: CreateDeps, leases: Leases, isOpen: () => boolean): Door {
  let loading: Promise<Sdk> | undefined;
  /** How to stop calls under way, of clients that say so in a request of its own. */
  const calls = new Map<string, () => void>();

  const serve = async (principal: Principal, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    loading ??= loadSdk();
    const sdk = await loading;
    const gone = gonePeer(context, response);
    const body = request.method === 'POST' ? await readJson(request) : undefined;
    const asker = { principal, address: fromOf(request, context).address };
    const session = sessionOf(request) ?? newId(context.random);
    const callName = (id: unknown): string => JSON.stringify([principal.tenant, principal.id, session, id]);
    for (const each of [body].flat()) {
      const ended = cancelledBy(each);
      if (ended !== undefined) calls.get(callName(ended))?.();
    }
    const tools = createAgentServer(sdk, {
      context,
      create: { ...create, asker },
      leases,
      tenant: principal.tenant,
      headers: request.headers,
      begin() {
        if (!isOpen()) throw new OpenClawError('SHUTTING_DOWN', 'The server drains; ask again in a moment.', { retryAfterMs: 1_000 });
        context.admission.run(asker);
      },
      gone,
      under: (id, stop) => {
        const name = callName(id);
        calls.set(name, stop);
        return () => void (calls.get(name) === stop && calls.delete(name));
      },
    });
    const handler = sdk.createMcpHandler(() => tools, { onerror: () => undefined });
    try {
      const answer = await handler.fetch(requestOf(request, gone), body === undefined ? {} : { parsedBody: body });
      await passOn(answer, response, isInitialize(body) ? { [SESSION]: session } : {}, context.limits.stalledMs);
    } finally {
      await handler.close();
    }
  };

  return {
    isFor: ({ pathname }) => pathname === '/mcp',
    serve,
    refuse: (response, error) => respondError(response, shownOf(context, error)),
  };
}

/** Only names what else comes of the same client; nothing is kept by it. */
function sessionOf(request: IncomingMessage): string | undefined {
  const value = request.headers[SESSION];
  return typeof value === 'string' && value.length <= 128 ? value : undefined;
}

function isInitialize(body: unknown): boolean {
  return isObject(body) && body['method'] === 'initialize';
}

/** The request that a `notifications/cancelled` takes back. */
function cancelledBy(body: unknown): unknown {
  if (!isObject(body) || body['method'] !== 'notifications/cancelled' || !isObject(body['params'])) return undefined;
  return body['params']['requestId'];
}
