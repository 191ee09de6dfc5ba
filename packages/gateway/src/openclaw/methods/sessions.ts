import { newId } from '@openclaw-runtime/kit';
import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import type { SessionEntry } from '../sessions/book.ts';
import { defaultAgentOf, modelNamed, providerOf, readCatalogue } from '../sessions/catalogue.ts';
import { sessionRow } from '../sessions/rows.ts';
import { type SessionName, sessionNameOf } from '../words/session-key.ts';
import { thinkingWord } from '../words/thinking.ts';
import type { Call, Method } from './call.ts';
import { activeTurns } from './runs.ts';

export const sessionsList: Method = async ({ house: { context, book }, params, tenant }) => {
  const limit = params.count('limit', 1, 10_000) ?? 100;
  const offset = params.count('offset', 0, 10_000) ?? 0;
  const agent = params.text('agentId', LIMITS.maxNameLength, 1)?.toLowerCase();
  const search = params.text('search', 256)?.toLowerCase() ?? '';
  const minutes = params.count('activeMinutes', 1, 1_000_000_000);
  const since = minutes === undefined ? 0 : context.clock.wall() - minutes * 60_000;
  const catalogue = await readCatalogue(context.store);
  const found = (await book.list(tenant)).filter(
    (entry) =>
      (agent === undefined || entry.agent === agent) &&
      entry.updatedMs >= since &&
      (entry.key.includes(search) || (entry.label ?? '').toLowerCase().includes(search)),
  );
  const shown = found.slice(offset, offset + Math.min(limit, MOST_ROWS));
  const sessions = await Promise.all(shown.map((entry) => sessionRow(context, tenant, entry, catalogue)));
  const model = catalogue.defaultModel ?? null;
  return {
    ts: Math.round(context.clock.wall()),
    path: 'log',
    count: sessions.length,
    totalCount: found.length,
    defaults: { modelProvider: providerOf(catalogue, catalogue.defaultModel) ?? null, model, contextTokens: null },
    sessions,
  };
};

const MOST_ROWS = 100;

export const sessionsDescribe: Method = async (call) => {
  const {
    house: { context, book },
    tenant,
  } = call;
  const entry = await book.read(tenant, nameIn(call));
  return { session: entry ? await sessionRow(context, tenant, entry, await readCatalogue(context.store)) : null };
};

export const sessionsResolve: Method = async (call) => {
  const {
    house: { book },
    params,
    tenant,
  } = call;
  const key = params.text('key', 512, 1);
  const sessionId = params.text('sessionId', 128, 1);
  const label = params.text('label', 512, 1);
  const entry =
    key === undefined
      ? (await book.list(tenant)).find((each) => (sessionId !== undefined ? each.sessionId === sessionId : each.label === label))
      : await book.read(tenant, nameIn(call));
  if (entry) return { ok: true, key: entry.key, agentId: entry.agent, ...(entry.label !== undefined && { displayName: entry.label }) };
  if (params.flag('allowMissing')) return { ok: false };
  throw new OpenClawError('NOT_FOUND', 'No session found. sessions.list names those there are.');
};

/** It is there with its first run, too. */
export const sessionsCreate: Method = async (call) => {
  const { house, params, tenant } = call;
  for (const field of ['message', 'task'])
    if (params.text(field, LIMITS.maxBodyBytes)) throw params.bad(field, 'is not served here; send it by chat.send');
  const agentId = params.text('agentId', LIMITS.maxNameLength, 1) ?? defaultAgentOf(await readCatalogue(house.context.store));
  const key = params.text('key', 512, 1);
  const name =
    key === undefined
      ? sessionNameOf(`session:${newId(house.context.random)}`, agentId)
      : sessionNameOf(key, params.text('agentId', LIMITS.maxNameLength, 1));
  const entry = await changed(call, name, 'new', await changesIn(call));
  return {
    ok: true,
    key: name.key,
    sessionId: entry.sessionId,
    entry: await sessionRow(house.context, tenant, entry, await readCatalogue(house.context.store)),
  };
};

export const sessionsPatch: Method = async (call) => {
  const { house, tenant } = call;
  const entry = await changed(call, nameIn(call), 'patch', await changesIn(call));
  const catalogue = await readCatalogue(house.context.store);
  const row = await sessionRow(house.context, tenant, entry, catalogue);
  const model = entry.model ?? catalogue.defaultModel;
  return { ok: true, path: 'log', key: entry.key, entry: row, resolved: { model, modelProvider: providerOf(catalogue, model) } };
};

/** The model forgets what was said; its runs stay. */
export const sessionsReset: Method = async (call) => {
  const { house, tenant } = call;
  await checkIdle(call);
  const sessionId = newId(house.context.random);
  const forget = (entry: SessionEntry): SessionEntry => ({ ...entry, sessionId, resets: entry.resets + 1, dropped: 0, runs: [] });
  const entry = await changed(call, nameIn(call), 'reset', forget);
  return {
    ok: true,
    key: entry.key,
    sessionId,
    entry: await sessionRow(house.context, tenant, entry, await readCatalogue(house.context.store)),
  };
};

export const sessionsDelete: Method = async (call) => {
  const {
    house: { book },
    tenant,
  } = call;
  const name = nameIn(call);
  const known = await book.read(tenant, name);
  if (!known) return { ok: true, key: name.key, deleted: false, archived: [] };
  await checkIdle(call);
  await changed(call, name, 'delete', (entry) => ({ ...entry, isDeleted: true, runs: [], dropped: 0 }));
  return { ok: true, key: name.key, deleted: true, archived: [] };
};

export const sessionsSubscribe: Method = ({ seat }) => {
  seat.watchSessions();
  return { subscribed: true };
};

export const messagesSubscribe: Method = (call) => {
  const { key } = nameIn(call);
  call.seat.watch(key, true);
  return { subscribed: true, key };
};

export const messagesUnsubscribe: Method = (call) => {
  const { key } = nameIn(call);
  call.seat.unwatch(key);
  return { subscribed: false, key };
};

function nameIn({ params }: Call): SessionName {
  const key = params.text('key', 512, 1);
  if (key === undefined) throw params.bad('key', 'name the session');
  return sessionNameOf(key, params.text('agentId', LIMITS.maxNameLength, 1));
}

async function changed(
  call: Call,
  name: SessionName,
  reason: string,
  change: (entry: SessionEntry) => SessionEntry,
): Promise<SessionEntry> {
  const {
    house: { book, hub },
    tenant,
  } = call;
  const entry = await book.change(tenant, name, change);
  const { key, agent, sessionId, updatedMs } = entry;
  hub.changed(tenant, { sessionKey: key, agentId: agent, sessionId, reason, updatedAt: updatedMs, ts: Math.round(updatedMs) });
  return entry;
}

/** What a client sets; `null` takes it back. */
async function changesIn({ params, given, house }: Call): Promise<(entry: SessionEntry) => SessionEntry> {
  const catalogue = await readCatalogue(house.context.store);
  const set: { -readonly [K in 'model' | 'thinking' | 'label']?: SessionEntry[K] } = {};
  if (Object.hasOwn(given, 'label')) set.label = params.text('label', 512, 1);
  if (Object.hasOwn(given, 'model')) {
    const model = params.text('model', 256, 1);
    set.model = model === undefined ? undefined : modelNamed(catalogue, model);
  }
  if (Object.hasOwn(given, 'thinkingLevel')) {
    const word = params.text('thinkingLevel', LIMITS.maxNameLength, 1);
    set.thinking = word === undefined ? undefined : thinkingWord(word);
  }
  return (entry) => ({ ...entry, ...set });
}

async function checkIdle(call: Call): Promise<void> {
  const {
    house: { book },
    tenant,
  } = call;
  const active = await activeTurns(call, await book.read(tenant, nameIn(call)));
  if (active.length > 0) throw new OpenClawError('BAD_REQUEST', 'A run of this session goes on. Abort it first.');
}
