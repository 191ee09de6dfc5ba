import { foldText, LIMITS } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { readCatalogue } from '../sessions/catalogue.ts';
import { rowOf } from '../sessions/rows.ts';
import { isActive, messagesOf, readTurns, type Turn } from '../sessions/turns.ts';
import { type SessionName, sessionNameOf } from '../words/session-key.ts';
import type { Call, Method } from './call.ts';
import { activeTurns, cancelRun, findRun } from './runs.ts';
import { beginRun, messageOf, runIdOf } from './start.ts';

/** Answers when the run is durable; what it says comes as events. */
export const chatSend: Method = async (call) => {
  const { params, seat, house } = call;
  const name = nameIn(call);
  const message = messageOf(call);
  const thinking = params.text('thinking', LIMITS.maxNameLength, 1);
  const runId = runIdOf(call);
  if (params.oneOf('queueMode', ['steer', 'followup', 'collect', 'interrupt']) === 'interrupt') await stopOthers(call, name, runId);
  const { key, head, dup, about } = await beginRun(call, { runId, name, message, thinking });
  call.afterwards(() => seat.attach(key, about, 0));
  return {
    runId,
    sessionKey: name.key,
    agentId: name.agent,
    status: head.done ? 'ok' : dup ? 'in_flight' : 'started',
    acceptedAt: Math.round(house.context.clock.wall()),
  };
};

/** One run, or all of the session that have not ended. */
export const chatAbort: Method = async (call) => {
  const { params, house } = call;
  const runId = params.text('runId', LIMITS.maxNameLength, 1);
  const name = nameIn(call);
  if (runId === undefined) return abortAll(call, name);
  const { key, created, isDone } = await findRun(call, runId);
  if (created.door?.['sessionKey'] !== name.key) throw params.bad('runId', `is none of the session ${name.key}`);
  const isAborted = !isDone && (await cancelRun(house.context.store, key));
  return { ok: true, aborted: isAborted, runIds: isAborted ? [runId] : [] };
};

/** What was said, oldest first; the run that goes on, with what it said so far: from there on it is told here. */
export const chatHistory: Method = async (call) => {
  const { house, params, tenant, seat } = call;
  const { context, book } = house;
  const name = nameIn(call);
  const limit = params.count('limit', 1, 1_000) ?? 200;
  const cursor = params.text('cursor', 256, 1);
  if (cursor === undefined) seat.watch(name.key, false);
  const entry = await book.read(tenant, name);
  const catalogue = await readCatalogue(context.store);
  if (!entry) {
    if (cursor !== undefined) return { kind: 'reset' };
    return { sessionKey: name.key, messages: [], deltaCursor: '0.0', defaults: defaultsOf(catalogue.defaultModel) };
  }
  const turns = await readTurns(context, tenant, entry, Math.ceil(limit / 2) + 1);
  const sessionInfo = rowOf(entry, turns, catalogue);
  const deltaCursor = `${entry.resets}.${reachedBy(turns, 2 * (entry.dropped + entry.runs.length))}`;
  const inFlight = attachTo(call, name, turns);
  if (cursor !== undefined) {
    const after = placeIn(cursor, entry.resets, turns);
    if (after === undefined) return { kind: 'reset' };
    const messages = turns.flatMap((turn) => messagesOf(turn).map((message, i) => ({ place: turn.place + i, runId: turn.runId, message })));
    const news = messages
      .filter(({ place }) => place > after)
      .map(({ place, runId, message }) => ({
        sessionKey: name.key,
        agentId: name.agent,
        sessionId: entry.sessionId,
        messageSeq: place,
        clientRunId: runId,
        message,
      }));
    return { kind: 'delta', messages: news, deltaCursor, sessionInfo, ...inFlight };
  }
  return {
    sessionKey: name.key,
    sessionId: entry.sessionId,
    messages: turns.flatMap(messagesOf).slice(-limit),
    deltaCursor,
    sessionInfo,
    defaults: defaultsOf(catalogue.defaultModel),
    ...(entry.thinking === undefined ? {} : { thinkingLevel: entry.thinking }),
    ...inFlight,
  };
};

/** Methods of sessions call it `key`. */
function nameIn({ params }: Call): SessionName {
  const key = params.text('sessionKey', 512, 1) ?? params.text('key', 512, 1);
  if (key === undefined) throw params.bad('sessionKey', 'name the session');
  return sessionNameOf(key, params.text('agentId', LIMITS.maxNameLength, 1));
}

async function abortAll(call: Call, name: SessionName): Promise<object> {
  const { house, tenant } = call;
  const runIds: string[] = [];
  for (const { runId, run } of await activeTurns(call, await house.book.read(tenant, name))) {
    if (await cancelRun(house.context.store, runKey(tenant, run))) runIds.push(runId);
  }
  return { ok: true, aborted: runIds.length > 0, runIds };
}

async function stopOthers(call: Call, name: SessionName, runId: string): Promise<void> {
  const { house, tenant } = call;
  for (const turn of await activeTurns(call, await house.book.read(tenant, name))) {
    if (turn.runId !== runId) await cancelRun(house.context.store, runKey(tenant, turn.run));
  }
}

/** The oldest that goes on is the one that speaks; all of them are told from where they are. */
function attachTo({ seat, tenant, afterwards }: Call, name: SessionName, turns: readonly Turn[]): object {
  const active = turns.filter(isActive);
  afterwards(() => {
    for (const { runId, run, fold } of active)
      seat.attach(runKey(tenant, run), { runId, sessionKey: name.key, agentId: name.agent }, fold.seq);
  });
  const [first] = active;
  return first ? { inFlightRun: { runId: first.runId, text: foldText(first.fold) } } : {};
}

/** Up to which message all is told. */
function reachedBy(turns: readonly Turn[], last: number): number {
  const open = turns.find(isActive);
  return open ? open.place : last;
}

/** The last message that a cursor's client has; `undefined` where what follows cannot be told. */
function placeIn(cursor: string, resets: number, turns: readonly Turn[]): number | undefined {
  const [, given, place] = /^(\d{1,9})\.(\d{1,9})$/.exec(cursor) ?? [];
  if (Number(given) !== resets) return undefined;
  const after = Number(place);
  const first = turns[0]?.place ?? 1;
  const last = (turns.at(-1)?.place ?? 0) + 1;
  return after >= first - 1 && after <= last ? after : undefined;
}

function defaultsOf(model: string | undefined): object {
  return { modelProvider: null, model: model ?? null, contextTokens: null };
}
