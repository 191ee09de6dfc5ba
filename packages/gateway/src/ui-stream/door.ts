import type { IncomingMessage, ServerResponse } from 'node:http';
import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { type CreateDeps, createRun } from '../admission/create-run.ts';
import { fromOf } from '../admission/gate.ts';
import type { GatewayContext } from '../admission/options.ts';
import { submitCommand } from '../admission/submit.ts';
import { readJson } from '../http/body.ts';
import { respondError, respondJson } from '../http/respond.ts';
import type { Door } from '../http/router.ts';
import { inTrace } from '../http/trace-header.ts';
import { graceMsOf, idempotencyKeyOf, shownOf } from '../openai/house/house.ts';
import type { Leases } from '../openai/house/leases.ts';
import { bad } from '../openai/input/fields.ts';
import { currentOf, remember } from './current.ts';
import { parseUiChat, UI_LEASE_MS } from './request.ts';
import { streamUi } from './stream.ts';

const PATH = /^\/v1\/chat(?:\/([^/]+)\/(stream|cancel))?$/;

interface House {
  readonly context: GatewayContext;
  readonly create: CreateDeps;
  readonly leases: Leases;
  readonly tenant: string;
}

/** What `useChat` of the AI SDK asks for: an answer as a stream of its message chunks, and the same stream again for who comes back. */
export function createUiDoor(context: GatewayContext, create: CreateDeps, leases: Leases): Door {
  return {
    isFor: ({ pathname }) => PATH.test(pathname),
    async serve(principal, request, response, url) {
      const asker = { principal, address: fromOf(request, context).address };
      const house = { context, create: { ...create, asker }, leases, tenant: principal.tenant };
      const [, part, deed] = PATH.exec(url.pathname) ?? [];
      if (part === undefined) return post(house, request, response);
      const chat = nameOf(part);
      return deed === 'cancel' ? cancel(house, chat, response) : resume(house, chat, response);
    },
    refuse: (response, error) => respondError(response, shownOf(context, error)),
  };
}

/** `POST /v1/chat`. */
async function post({ context, create, leases, tenant }: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { chat, run } = parseUiChat(await readJson(request));
  const made = await createRun(create, tenant, inTrace(run, request), idempotencyKeyOf(request));
  const release = run.door?.['leaseMs'] === undefined ? undefined : leases.hold(made.key, graceMsOf(UI_LEASE_MS));
  let isOver = false;
  try {
    // What has ended is nobody's answer under way, nor in the place of one that is.
    if (!made.head.done) await remember(context.store, tenant, chat, made.run);
    isOver = await streamUi(context, response, made, false);
  } finally {
    release?.(isOver);
  }
}

/** `GET /v1/chat/{id}/stream`: the answer under way, from its beginning; 204 where there is none. */
async function resume({ context, leases, tenant }: House, chat: string, response: ServerResponse): Promise<void> {
  const current = await currentOf(context.store, tenant, chat);
  if (!current) return void response.writeHead(204, { 'cache-control': 'no-store' }).end();
  const key = runKey(tenant, current.run);
  // Whoever watches what somebody else waits for keeps it alive.
  const release = current.leaseMs === undefined ? undefined : leases.hold(key, graceMsOf(current.leaseMs));
  let isOver = false;
  try {
    isOver = await streamUi(context, response, { run: current.run, key }, true);
  } finally {
    release?.(isOver);
  }
}

/** `POST /v1/chat/{id}/cancel`: stops the answer under way. */
async function cancel({ context, tenant }: House, chat: string, response: ServerResponse): Promise<void> {
  const current = await currentOf(context.store, tenant, chat);
  if (!current) throw new OpenClawError('NOT_FOUND', `There is no answer under way in the chat ${chat}.`);
  await submitCommand(context.store, runKey(tenant, current.run), { id: 'chat-cancel', kind: 'cancel' });
  respondJson(response, 202, { run: current.run });
}

function nameOf(part: string): string {
  let chat = '';
  try {
    chat = decodeURIComponent(part);
  } catch {
    throw new OpenClawError('BAD_REQUEST', 'The path is not encoded as a URL’s.');
  }
  if (chat.length > LIMITS.maxNameLength) throw bad('id', `give at most ${LIMITS.maxNameLength} characters`);
  return chat;
}
