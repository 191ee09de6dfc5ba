import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { CreateDeps } from '../admission/create-run.ts';
import { fromOf } from '../admission/gate.ts';
import type { GatewayContext } from '../admission/options.ts';
import { respondJson } from '../http/respond.ts';
import type { Door } from '../http/router.ts';
import { postChat } from './chat/routes.ts';
import { type House, shownOf } from './house/house.ts';
import type { Leases } from './house/leases.ts';
import { findModel, listModels } from './models.ts';
import { openApiDocument } from './openapi/document.ts';
import { cancelResponse, deleteResponse, getInputItems, getResponse, postResponse } from './responses/routes.ts';
import { respondProblem } from './words/problem.ts';

const PATHS = /^\/v1\/(?:chat\/completions|responses(?:\/[^/]+(?:\/cancel|\/input_items)?)?|models(?:\/.+)?)$|^\/openapi\.json$/;

/** What OpenAI's clients ask for: chat completions, responses, models. */
export function createOpenAiDoor(context: GatewayContext, create: CreateDeps, leases: Leases): Door {
  const startedS = Math.floor(context.clock.wall() / 1000);
  return {
    isFor: ({ pathname }) => PATHS.test(pathname),
    async serve(principal, request, response, url) {
      const asker = { principal, address: fromOf(request, context).address };
      await route({ context, create: { ...create, asker }, leases, tenant: principal.tenant, startedS }, request, response, url);
    },
    refuse: (response, error) => respondProblem(response, shownOf(context, error)),
  };
}

async function route(house: House, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  if (url.pathname === '/openapi.json') return methods(request, { GET: async () => respondJson(response, 200, openApiDocument()) });
  const [, , area, id, deed] = url.pathname.split('/');
  if (area === 'chat') return methods(request, { POST: () => postChat(house, request, response) });
  if (area === 'models') return methods(request, { GET: () => getModels(house, response, url.pathname) });
  if (id === undefined) return methods(request, { POST: () => postResponse(house, request, response) });
  if (deed === 'cancel') return methods(request, { POST: () => cancelResponse(house, id, response) });
  if (deed === 'input_items') return methods(request, { GET: () => getInputItems(house, id, response, url) });
  return methods(request, {
    GET: () => getResponse(house, id, request, response, url),
    DELETE: () => deleteResponse(house, id, response),
  });
}

async function getModels({ context, startedS }: House, response: ServerResponse, pathname: string): Promise<void> {
  const id = nameOf(pathname.slice('/v1/models/'.length));
  if (id !== '') return respondJson(response, 200, await findModel(context.store, startedS, id));
  respondJson(response, 200, { object: 'list', data: await listModels(context.store, startedS) });
}

function nameOf(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new OpenClawError('BAD_REQUEST', 'The path is not encoded as a URL’s.');
  }
}

/** Throws `METHOD_NOT_ALLOWED`. */
function methods(request: IncomingMessage, served: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  const { method = '' } = request;
  const serve = Object.hasOwn(served, method) ? served[method] : undefined;
  if (serve) return serve();
  throw new OpenClawError('METHOD_NOT_ALLOWED', `This path takes ${Object.keys(served).join(' and ')}.`);
}
