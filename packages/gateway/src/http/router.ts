import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '@openclaw-runtime/kit';
import { type CommandKind, LIMITS, OpenClawError, parseCursor } from '@openclaw-runtime/protocol';
import { judge, runRequestSchema } from '@openclaw-runtime/protocol/schema';
import { type RunKey, runKey } from '@openclaw-runtime/store';
import { bearerOf, targetOf } from '../admission/access.ts';
import { type CreateDeps, createRun } from '../admission/create-run.ts';
import { forkRun } from '../admission/fork-run.ts';
import { type Admitted, fromOf, type Gate } from '../admission/gate.ts';
import type { GatewayContext } from '../admission/options.ts';
import type { Claim } from '../admission/position.ts';
import { submitCommand } from '../admission/submit.ts';
import { HOUSE } from '../identity/identity.ts';
import type { Issuer } from '../identity/keys/issue.ts';
import type { OurRoute } from '../identity/permissions.ts';
import type { Principal } from '../identity/principal.ts';
import type { Tickets } from '../identity/proof/tickets.ts';
import type { Asker } from '../limits/admission.ts';
import { readJson } from './body.ts';
import { addBudget, readBudgets } from './budgets.ts';
import { eraseData } from './erase.ts';
import { streamEvents } from './events.ts';
import { parseFork } from './fork.ts';
import { listKeys, postKey, revokeKey, rotateKey } from './keys.ts';
import { readLearned } from './learned.ts';
import { parseListQuery } from './list.ts';
import { markNoPage } from './no-page.ts';
import { streamBackup, verifyData } from './operator.ts';
import { respondError, respondJson } from './respond.ts';
import { readResult } from './result.ts';
import { reload, tellStatus } from './status.ts';
import { postTicket } from './tickets.ts';
import { serveTiers } from './tiers.ts';
import { payToll } from './toll.ts';
import { inTrace } from './trace-header.ts';
import { type ReadersOf, sayWhy } from './why.ts';

/** An API of its own below `/v1`. */
export interface Door {
  isFor(url: URL): boolean;
  /** Whatever goes wrong is thrown, and given to `refuse`. */
  serve(principal: Principal, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
  refuse(response: ServerResponse, error: unknown): void;
}

export interface Health {
  /** Whether new work is taken. */
  ready(): boolean;
  readonly readers: ReadersOf;
}

/** By which people are let in. */
export interface Locks {
  readonly gate: Gate;
  readonly keys: Issuer;
  readonly tickets: Tickets;
}

/** What the handlers share. */
interface Rooms {
  readonly locks: Locks;
  readonly context: GatewayContext;
  readonly create: CreateDeps;
  readonly health: Health;
}

type Handler = (rooms: Rooms, asked: Admitted, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Answers every HTTP request; whatever goes wrong becomes an error of the table. */
export function createRouter(context: GatewayContext, create: CreateDeps, health: Health, locks: Locks, doors: readonly Door[] = []) {
  const rooms: Rooms = { locks, context, create, health };
  return (request: IncomingMessage, response: ServerResponse): void => {
    markNoPage(response);
    const target = targetOf(request);
    const door = target ? doors.find((each) => each.isFor(target)) : undefined;
    const refuse = (error: unknown): void => (door ? door.refuse(response, error) : respondError(response, context.shown(error)));
    enter(rooms, door, request, response).catch(refuse);
  };
}

async function enter(rooms: Rooms, door: Door | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { gate } = rooms.locks;
  const asked = await gate.admit(request);
  if (asked.permission.starts && !rooms.health.ready())
    throw new OpenClawError('SHUTTING_DOWN', 'The server drains; ask again in a moment.', { retryAfterMs: 1_000 });
  const asker: Asker = { principal: asked.principal, address: fromOf(request, rooms.context).address };
  payToll(rooms.context, asked, asker, request, response, door !== undefined);
  gate.watch(asked, response);
  try {
    await serve(rooms, asker, asked, door, request, response);
  } catch (error) {
    // It may be another tenant's.
    if (error instanceof OpenClawError && error.code === 'NOT_FOUND') gate.note(asked, request, error);
    throw error;
  }
}

function serve(
  rooms: Rooms,
  asker: Asker,
  asked: Admitted,
  door: Door | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void | Promise<void> {
  if (door) return door.serve(asked.principal, request, response, asked.url);
  const handler = Object.hasOwn(HANDLERS, asked.route) ? HANDLERS[asked.route as OurRoute] : undefined;
  if (!handler) throw new OpenClawError('NOT_FOUND', `There is nothing at ${asked.url.pathname}.`);
  return handler({ ...rooms, create: { ...rooms.create, asker } }, asked, request, response);
}

const health: Handler = (_rooms, _asked, _request, response) => respondJson(response, 200, { status: 'ok' });

const readiness: Handler = async ({ context, health: { ready } }, _asked, request, response) => {
  const details = await detailsFor(request, context);
  respondJson(response, ready() ? 200 : 503, { ready: ready(), ...details });
};

/** By the rows of the table: each has its handler. */
const HANDLERS: Readonly<Record<OurRoute, Handler>> = {
  'GET /healthz': health,
  'HEAD /healthz': health,
  'GET /readyz': readiness,
  'HEAD /readyz': readiness,
  async 'GET /v1/runs'({ context }, { principal, url }, _request, response) {
    respondJson(response, 200, await context.store.runs.list(principal.tenant, parseListQuery(url)));
  },
  'POST /v1/runs': ({ context, create }, { principal }, request, response) => postRun(context, create, principal, request, response),
  async 'GET /v1/runs/{run}'({ context }, asked, _request, response) {
    respondJson(response, 200, { run: asked.params['run'], ...(await readResult(context.store, keyOf(asked))) });
  },
  'GET /v1/runs/{run}/events': ({ context }, asked, request, response) =>
    streamEvents(context, response, keyOf(asked), claimOf(request, asked.url)),
  'GET /v1/runs/{run}/why': ({ context, health: { readers } }, asked, _request, response) =>
    sayWhy(context, readers, keyOf(asked), response),
  'POST /v1/runs/{run}/fork': ({ create }, asked, request, response) => postFork(create, asked, request, response),
  'POST /v1/runs/{run}/cancel': commanding('cancel'),
  'POST /v1/runs/{run}/messages': commanding('send'),
  'POST /v1/runs/{run}/feedback': commanding('feedback'),
  'POST /v1/runs/{run}/level': commanding('level'),
  'POST /v1/runs/{run}/approve': commanding('approve'),
  'POST /v1/runs/{run}/budget': commanding('topup'),
  async 'GET /v1/reasoning'({ context }, { principal }, _request, response) {
    respondJson(response, 200, await readLearned(context.store.state, principal.tenant));
  },
  async 'GET /v1/budgets'({ context }, { principal, url }, _request, response) {
    respondJson(response, 200, await readBudgets(context, principal.tenant, url));
  },
  async 'POST /v1/budgets'({ context }, { principal }, request, response) {
    const id = header(request, 'idempotency-key') ?? newId(context.random);
    respondJson(response, 202, await addBudget(context, principal.tenant, request, id));
  },
  'GET /v1/tiers': ({ context }, _asked, request, response) => serveTiers(context, request, response),
  'POST /v1/tiers': ({ context }, _asked, request, response) => serveTiers(context, request, response),
  'GET /v1/status': ({ context }, _asked, _request, response) => tellStatus(context, response),
  'POST /v1/reload': ({ context }, _asked, _request, response) => reload(context, response),
  'POST /v1/verify': ({ context }, _asked, request, response) => verifyData(context, request, response),
  'POST /v1/tickets': ({ locks }, { principal }, request, response) => postTicket(locks.tickets, principal, request, response),
  'GET /v1/keys': ({ locks }, { principal }, _request, response) => listKeys(locks.keys, principal, response),
  'POST /v1/keys': ({ context, locks }, { principal }, request, response) =>
    postKey(locks.keys, principal, context.clock.wall(), request, response),
  'POST /v1/keys/{id}/rotate': ({ locks }, { principal, params }, request, response) =>
    rotateKey(locks.keys, principal, params['id'] ?? '', request, response),
  'POST /v1/keys/{id}/revoke': ({ locks }, { principal, params }, _request, response) =>
    revokeKey(locks.keys, principal, params['id'] ?? '', response),
  'POST /v1/erase': ({ context }, asked, request, response) => eraseData(context, asked, request, response),
  'GET /v1/backup': ({ context }, _asked, _request, response) => streamBackup(context, response),
};

function commanding(kind: CommandKind): Handler {
  return async ({ context }, asked, request, response) => {
    const id = header(request, 'idempotency-key') ?? newId(context.random);
    const { dup } = await submitCommand(context.store, keyOf(asked), { id, kind, ...(await dataOf(kind, request)) });
    respondJson(response, 202, { run: asked.params['run'], id, ...(dup ? { dup } : {}) });
  };
}

function keyOf({ principal, params }: Admitted): RunKey {
  return runKey(principal.tenant, params['run'] ?? '');
}

/** Anybody may ask whether the server is ready; how it fares is for those who operate the house. */
async function detailsFor(request: IncomingMessage, context: GatewayContext): Promise<object> {
  const principal = await gateless(request, context);
  if (principal?.tenant !== HOUSE || !principal.scopes.has('operate')) return {};
  const { level, waiting } = context.admission.status;
  return { admission: { level, waiting }, ...context.details?.() };
}

async function gateless(request: IncomingMessage, context: GatewayContext): Promise<Principal | undefined> {
  try {
    return await context.identity.identify(bearerOf(request), fromOf(request, context));
  } catch {
    return undefined;
  }
}

async function postRun(
  context: GatewayContext,
  create: CreateDeps,
  { tenant }: Principal,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parsed = judge(runRequestSchema, await readJson(request));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new OpenClawError('BAD_REQUEST', `${issue?.path.join('.') || 'body'}: ${issue?.message}.`);
  }
  const { run, key, head, dup } = await createRun(create, tenant, inTrace(parsed.data, request), header(request, 'idempotency-key'));
  if (request.headers.accept?.includes('text/event-stream')) {
    response.setHeader('location', `/v1/runs/${run}`);
    return streamEvents(context, response, key, {});
  }
  respondJson(
    response,
    dup ? 200 : 201,
    { run, epoch: head.epoch, head: head.seq, done: head.done, ...(dup ? { dup } : {}) },
    { location: `/v1/runs/${run}` },
  );
}

async function postFork(
  create: CreateDeps,
  { principal, params }: Admitted,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const asked = parseFork(await readJson(request));
  const { run, head, dup, fork } = await forkRun(create, principal.tenant, params['run'] ?? '', asked, header(request, 'idempotency-key'));
  const body = { run, epoch: head.epoch, head: head.seq, done: head.done, fork: { run: fork.run, seq: fork.seq }, ...(dup ? { dup } : {}) };
  respondJson(response, dup ? 200 : 201, body, { location: `/v1/runs/${run}` });
}

/** A message waits in the queue where its mode is not said. */
async function dataOf(kind: CommandKind, request: IncomingMessage): Promise<{ readonly data?: unknown }> {
  if (kind === 'cancel') return {};
  const body = await readJson(request);
  return { data: kind === 'send' && typeof body === 'object' ? { mode: 'queue', ...body } : body };
}

function claimOf(request: IncomingMessage, url: URL): Claim {
  const text = header(request, 'last-event-id') ?? url.searchParams.get('starting_after') ?? undefined;
  if (text === undefined) return {};
  const cursor = parseCursor(text);
  if (!cursor) throw new OpenClawError('BAD_REQUEST', `${JSON.stringify(text)} is no cursor. Use the id of an event.`);
  return { epoch: cursor.epoch, after: cursor.seq };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  if (value === undefined || value === '') return undefined;
  const text = Array.isArray(value) ? value.join(',') : value;
  if (text.length > LIMITS.maxNameLength) throw new OpenClawError('BAD_REQUEST', `${name} has at most ${LIMITS.maxNameLength} characters.`);
  return text;
}
