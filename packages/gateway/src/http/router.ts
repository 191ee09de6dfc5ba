import type { IncomingMessage, ServerResponse } from 'node:http';
import { newId } from '@openclaw-runtime/kit';
import { type CommandKind, LIMITS, OpenClawError, parseCursor } from '@openclaw-runtime/protocol';
import { runRequestSchema } from '@openclaw-runtime/protocol/schema';
import { runKey } from '@openclaw-runtime/store';
import { bearerOf, checkRequest, checkToken } from '../admission/access.ts';
import { type CreateDeps, createRun } from '../admission/create-run.ts';
import { forkRun } from '../admission/fork-run.ts';
import type { GatewayContext } from '../admission/options.ts';
import type { Claim } from '../admission/position.ts';
import { submitCommand } from '../admission/submit.ts';
import { readJson } from './body.ts';
import { addBudget, readBudgets } from './budgets.ts';
import { streamEvents } from './events.ts';
import { parseFork } from './fork.ts';
import { readLearned } from './learned.ts';
import { parseListQuery } from './list.ts';
import { streamBackup, verifyData } from './operator.ts';
import { respondError, respondJson } from './respond.ts';
import { readResult } from './result.ts';
import { serveTiers } from './tiers.ts';
import { type ReadersOf, sayWhy } from './why.ts';

/** An API of its own below `/v1`. */
export interface Door {
  isFor(url: URL): boolean;
  /** Whatever goes wrong is thrown, and given to `refuse`. */
  serve(tenant: string, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
  refuse(response: ServerResponse, error: unknown): void;
}

export interface Health {
  /** Whether new work is taken. */
  ready(): boolean;
  readonly readers: ReadersOf;
}

export const TENANT = 'default';

/** Paths below a run, and the commands that they stand for. */
const COMMANDS: Readonly<Record<string, CommandKind>> = {
  cancel: 'cancel',
  messages: 'send',
  feedback: 'feedback',
  approve: 'approve',
  level: 'level',
  budget: 'topup',
};

/** Answers every HTTP request; whatever goes wrong becomes an error of the table. */
export function createRouter(context: GatewayContext, create: CreateDeps, health: Health, doors: readonly Door[] = []) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const url = URL.parse(request.url ?? '/', 'http://x');
    const door = url && doors.find((each) => each.isFor(url));
    if (door) enter(door, context, health, request, response).catch((error: unknown) => door.refuse(response, error));
    else route(context, create, health, request, response).catch((error: unknown) => respondError(response, context.shown(error)));
  };
}

async function enter(
  door: Door,
  context: GatewayContext,
  health: Health,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = checkRequest(request, context);
  checkToken(bearerOf(request), context);
  if (request.method === 'POST' && !url.pathname.endsWith('/cancel') && !health.ready()) throw draining();
  await door.serve(TENANT, request, response, url);
}

function draining(): OpenClawError {
  return new OpenClawError('SHUTTING_DOWN', 'The server drains; ask again in a moment.', { retryAfterMs: 1_000 });
}

async function route(
  context: GatewayContext,
  create: CreateDeps,
  health: Health,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = checkRequest(request, context);
  if (url.pathname === '/healthz') return respondJson(response, 200, { status: 'ok' });
  if (url.pathname === '/readyz')
    return respondJson(response, health.ready() ? 200 : 503, { ready: health.ready(), ...detailsFor(request, context) });
  checkToken(bearerOf(request), context);

  if (url.pathname === '/v1/runs') {
    allow(request, 'GET', 'POST');
    if (request.method === 'GET') return respondJson(response, 200, await context.store.runs.list(TENANT, parseListQuery(url)));
    if (!health.ready()) throw draining();
    return postRun(context, create, request, response);
  }
  if (url.pathname === '/v1/reasoning') {
    allow(request, 'GET');
    return respondJson(response, 200, await readLearned(context.store.state, TENANT));
  }
  if (url.pathname === '/v1/budgets') {
    allow(request, 'GET', 'POST');
    if (request.method === 'GET') return respondJson(response, 200, await readBudgets(context, TENANT, url));
    const id = header(request, 'idempotency-key') ?? newId(context.random);
    return respondJson(response, 202, await addBudget(context, TENANT, request, id));
  }
  if (url.pathname === '/v1/backup') {
    allow(request, 'GET');
    return streamBackup(context, response);
  }
  if (url.pathname === '/v1/tiers') {
    allow(request, 'GET', 'POST');
    return serveTiers(context, request, response);
  }
  if (url.pathname === '/v1/verify') {
    allow(request, 'POST');
    return verifyData(context, request, response);
  }
  const [, run, action] =
    /^\/v1\/runs\/([A-Za-z0-9_-]{22})(?:\/(events|why|fork|cancel|messages|feedback|approve|level|budget))?$/.exec(url.pathname) ?? [];
  if (run === undefined) throw new OpenClawError('NOT_FOUND', `There is nothing at ${url.pathname}.`);
  const key = runKey(TENANT, run);
  if (action === 'events') {
    allow(request, 'GET');
    return streamEvents(context, response, key, claimOf(request, url));
  }
  if (action === 'fork') {
    allow(request, 'POST');
    return postFork(create, run, request, response);
  }
  if (action === 'why') {
    allow(request, 'GET');
    return sayWhy(context, health.readers, key, response);
  }
  const kind = action === undefined ? undefined : COMMANDS[action];
  if (kind !== undefined) {
    allow(request, 'POST');
    const id = header(request, 'idempotency-key') ?? newId(context.random);
    const { dup } = await submitCommand(context.store, key, { id, kind, ...(await dataOf(kind, request)) });
    return respondJson(response, 202, { run, id, ...(dup ? { dup } : {}) });
  }
  allow(request, 'GET');
  respondJson(response, 200, { run, ...(await readResult(context.store, key)) });
}

/** Anybody may ask whether the server is ready; how it fares is for those who may use it. */
function detailsFor(request: IncomingMessage, context: GatewayContext): object {
  try {
    checkToken(bearerOf(request), context);
    return context.details?.() ?? {};
  } catch {
    return {};
  }
}

async function postRun(context: GatewayContext, create: CreateDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parsed = runRequestSchema.safeParse(await readJson(request));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new OpenClawError('BAD_REQUEST', `${issue?.path.join('.') || 'body'}: ${issue?.message}.`);
  }
  const { run, key, head, dup } = await createRun(create, TENANT, parsed.data, header(request, 'idempotency-key'));
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

async function postFork(create: CreateDeps, source: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = parseFork(await readJson(request));
  const { run, head, dup, fork } = await forkRun(create, TENANT, source, asked, header(request, 'idempotency-key'));
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

function allow(request: IncomingMessage, ...methods: readonly string[]): void {
  if (!methods.includes(request.method ?? '')) throw new OpenClawError('METHOD_NOT_ALLOWED', `This path takes ${methods.join(' and ')}.`);
}
