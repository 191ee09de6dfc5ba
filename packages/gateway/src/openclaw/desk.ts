import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import { createRate } from '../admission/rate.ts';
import { noteRefusal } from '../audit/audit.ts';
import { checkPermission } from '../identity/check.ts';
import type { Principal } from '../identity/principal.ts';
import type { Asker } from '../limits/admission.ts';
import { Fields, isObject } from '../openai/input/fields.ts';
import { createTurns } from '../socket/turns.ts';
import { type Audience, type Call, Failure, type House, type Seat } from './methods/call.ts';
import { METHODS, type Row } from './methods/table.ts';
import { messageNews } from './sessions/news.ts';
import { createRunsTold } from './telling/runs-told.ts';
import type { AboutRun } from './telling/told.ts';
import type { Client } from './words/client.ts';
import { Refusal, shapeOf } from './words/errors.ts';
import { errorFrame, type Request, resultFrame } from './words/frames.ts';
import { WORD_OF } from './words/scopes.ts';

/** A client that is known: answers what it asks, and tells it its runs. */
export interface Desk {
  readonly seat: Seat;
  /** `bytes`: of the frame. */
  take(request: Request, bytes: number): void;
  drained(): void;
  /** Whether its principal may still be here. */
  isAllowed(): boolean;
  reached(key: Parameters<Seat['attach']>[0]): number | undefined;
  close(): void;
}

export interface Who {
  readonly connId: string;
  readonly client: Client;
  readonly principal: Principal;
  /** What it may do here: no more than its principal may. */
  readonly scopes: Principal['scopes'];
  readonly asker: Asker;
}

export interface Line {
  say(event: string, payload: object): void;
  send(frame: string): void;
  /** Bytes that the client has not taken. */
  unsent(): number;
}

/** Of one connection: requests at once, requests a second, runs that are told, sessions that are watched. */
const MOST_OPEN = 256;
const PER_SECOND = 200;
const BURST = 1_000;
const MOST_RUNS = 256;
const MOST_WATCHED = 64;
const LONG_AT_ONCE = 4;

export function openDesk(house: House, { connId, client, principal: whole, scopes, asker }: Who, line: Line): Desk {
  const { context, hub } = house;
  const { clock, limits, identity } = context;
  const { tenant } = whole;
  const principal: Principal = { ...whole, scopes };
  const over = new AbortController();
  const requests = createRate(clock, PER_SECOND, BURST);
  const watched = new Map<string, boolean>();
  let watchesSessions = false;
  let open = 0;
  let wake: () => void = () => undefined;
  let draining: Promise<void> | undefined;

  /** All runs wait for the same, and the first of them to be woken may fill the connection again. */
  const room = async (): Promise<void> => {
    while (line.unsent() >= limits.unsentBytes && !over.signal.aborted) {
      draining ??= new Promise((resolve) => {
        wake = () => {
          draining = undefined;
          resolve();
        };
      });
      await draining;
    }
  };

  const tellMessage = ({ sessionKey, runId }: AboutRun, which: 'asked' | 'said'): void => {
    if (!watched.get(sessionKey)) return;
    messageNews(house, tenant, sessionKey, runId, which)
      .then((news) => news && line.say('session.message', news))
      .catch(context.shown);
  };
  const tellChange = (payload: object): void => {
    if (watchesSessions) line.say('sessions.changed', payload);
  };

  const runs = createRunsTold(
    context,
    {
      room,
      hear: ({ event, payload }) => line.say(event, payload),
      ended(about) {
        tellMessage(about, 'said');
        tellChange({ ...about, phase: 'end', ts: Math.round(clock.wall()) });
      },
      failed(about, error) {
        const { message } = context.shown(error);
        line.say('chat', { ...about, seq: 0, state: 'error', errorMessage: message, errorKind: 'unknown' });
      },
    },
    { tools: client.caps.has('tool-events'), approvals: client.caps.has('plugin-approvals') && scopes.has('approve') },
    over.signal,
  );

  const seat: Audience = {
    connId,
    client,
    principal,
    asker,
    sinceMs: clock.wall(),
    gone: over.signal,
    checkRoom() {
      if (runs.count >= MOST_RUNS)
        throw new OpenClawError('RATE_LIMITED', `A connection is told at most ${MOST_RUNS} runs at once. Wait for one.`, {
          retryAfterMs: 1_000,
        });
    },
    attach: (key, about, from) => {
      if (runs.count < MOST_RUNS) runs.tell(key, about, from);
    },
    watch(sessionKey, isWhole) {
      const was = watched.get(sessionKey) ?? false;
      watched.delete(sessionKey);
      if (watched.size >= MOST_WATCHED) watched.delete(watched.keys().next().value as string);
      watched.set(sessionKey, isWhole || was);
    },
    unwatch: (sessionKey) => watched.delete(sessionKey),
    approvals: () => runs.approvals,
    watchSessions() {
      watchesSessions = true;
    },
    began(key, about) {
      if (!watched.has(about.sessionKey)) return;
      tellMessage(about, 'asked');
      seat.attach(key, about, 0);
    },
    changed: tellChange,
  };
  const leaveHub = hub.enter(seat);

  const turns = createTurns(LONG_AT_ONCE, () => line.unsent() < limits.unsentBytes);

  const answer = (request: Request): Promise<void> => {
    const row = Object.hasOwn(METHODS, request.method) ? METHODS[request.method] : undefined;
    return row?.isLong ? turns.take(() => answerNow(request, row)) : answerNow(request, row);
  };

  const answerNow = async ({ id, method, params }: Request, row: Row | undefined): Promise<void> => {
    if (over.signal.aborted) return;
    if (!row) throw new OpenClawError('BAD_REQUEST', `unknown method: ${method.slice(0, LIMITS.maxNameLength)}`);
    const needed = row.scope === 'public' ? undefined : row.scope;
    if (needed && !principal.scopes.has(needed)) {
      const word = WORD_OF[needed];
      throw new Refusal('FORBIDDEN', `missing scope: ${word}`, { code: 'MISSING_SCOPE', missingScope: word, requiredScopes: [word] });
    }
    checkPermission(principal, row);
    if (row.starts && !house.ready())
      throw new OpenClawError('SHUTTING_DOWN', 'The server drains; ask again in a moment.', { retryAfterMs: 1_000 });
    const given = isObject(params) ? params : {};
    let after: () => void = () => undefined;
    const call: Call = {
      house,
      seat,
      tenant,
      params: new Fields(params, method),
      given,
      accept: (payload) => line.send(resultFrame(id, payload)),
      afterwards: (act) => {
        after = act;
      },
    };
    const payload = await row.method(call);
    if (over.signal.aborted) return;
    if (payload instanceof Failure) line.send(errorFrame(id, shapeOf(context.shown(payload.error)), payload.payload));
    else line.send(resultFrame(id, payload));
    after();
  };

  const note = (error: OpenClawError, method: string): void => {
    const target = Object.hasOwn(METHODS, method) ? method : 'unknown';
    noteRefusal(context.audit, error, { principal: whole, address: asker.address, target });
  };

  return {
    seat,
    take(request, bytes) {
      const refuse = (thrown: unknown): void => {
        const error = context.shown(thrown);
        // What is not found may be another tenant's.
        if (error.code === 'FORBIDDEN' || error.code === 'NOT_FOUND') note(error, request.method);
        line.send(errorFrame(request.id, shapeOf(error)));
      };
      if (open >= MOST_OPEN || !requests.take()) {
        const what = open >= MOST_OPEN ? `${MOST_OPEN} requests wait for their answers` : `More than ${PER_SECOND} requests a second`;
        return refuse(new OpenClawError('RATE_LIMITED', `${what} on this connection. Slow down.`, { retryAfterMs: 1_000 }));
      }
      try {
        context.admission.message(asker, bytes);
      } catch (error) {
        return refuse(error);
      }
      open++;
      answer(request)
        .catch((error: unknown) => {
          if (!over.signal.aborted) refuse(error);
        })
        .finally(() => {
          open--;
        });
    },
    drained() {
      wake();
      turns.stir();
    },
    isAllowed() {
      const now = identity.still(whole);
      return now !== undefined && [...scopes].every((scope) => now.scopes.has(scope));
    },
    reached: (key) => runs.reached(key),
    close() {
      over.abort();
      wake();
      leaveHub();
    },
  };
}
