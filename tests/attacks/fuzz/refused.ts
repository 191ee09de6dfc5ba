import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { createMemoryStore } from '@openclaw-runtime/store';
import { WebSocket } from 'ws';
import { connectWith, dialAssistant } from '../assistant.ts';
import type { AttackedHouse } from '../house.ts';
import { openFuzzed } from './fuzzed.ts';
import type { HttpSpecimen } from './specimens.ts';

/** A specimen that is not taken as it is, and why: `POST /v1/keys/{id}/revoke 404 NOT_FOUND`. */
export type Refusal = string;

/** Sends each specimen as it is. What is refused already says little about what is made of it. */
export async function refused(): Promise<{ readonly sent: number; readonly refusals: readonly Refusal[] }> {
  const { house, right } = await openFuzzed(createMemoryStore());
  await using _ = house;
  const refusals = [
    ...(await inOrder(right.http, (specimen) => byHttp(house, specimen))),
    ...(await bySocket(house, right.socket)),
    ...(await byAssistant(house, right.assistant)),
  ];
  return { sent: right.http.length + right.socket.length + right.assistant.length, refusals };
}

async function inOrder<T>(all: readonly T[], send: (one: T, n: number) => Promise<Refusal | undefined>): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const [n, one] of all.entries()) {
    const refusal = await send(one, n);
    if (refusal !== undefined) refusals.push(refusal);
  }
  return refusals;
}

async function byHttp(house: AttackedHouse, { method, path, body }: HttpSpecimen): Promise<Refusal | undefined> {
  const onlyHead = /\/(events|stream)$/.test(path);
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const asking = { method, key: house.master, headers, onlyHead, ...(body !== undefined && { json: body }) };
  const { status, code } = await house.ask(path, asking);
  return status < 400 ? undefined : `${method} ${path.replace(/[\w-]{11,}/, '{id}')} ${status} ${code}`;
}

async function bySocket(house: AttackedHouse, frames: readonly object[]): Promise<Refusal[]> {
  const socket = new WebSocket(house.gateway.url, SUBPROTOCOL, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  let hear: (frame: Answer) => void = () => undefined;
  socket.on('message', (data: Buffer) => hear(JSON.parse(data.toString()) as Answer));
  const ask = (frame: object, isAnswer: (answer: Answer) => boolean): Promise<Answer> => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    hear = (answer) => isAnswer(answer) && resolve(answer);
    socket.send(JSON.stringify(frame));
    return promise;
  };
  await ask({ t: 'hello', v: PROTOCOL_VERSION, client: 'fuzz', token: house.master }, ({ t }) => t === 'welcome');
  const refusals = await inOrder(frames, async (frame, n) => {
    const { t, kind = '' } = frame as { readonly t: string; readonly kind?: string };
    if (t === 'detach') return undefined;
    const own = t === 'command' ? { id: `c${n}` } : { ch: 100 + n };
    const answer = await ask({ ...frame, ...own }, ({ id, ch }) => (id ?? ch) === (own.id ?? own.ch));
    return answer.t === 'err' ? `${t} ${kind} ${answer.code}` : undefined;
  });
  socket.terminate();
  return refusals;
}

interface Answer {
  readonly t: string;
  readonly id?: string;
  readonly ch?: number;
  readonly code?: string;
}

async function byAssistant(house: AttackedHouse, frames: readonly object[]): Promise<Refusal[]> {
  const assistant = await dialAssistant(house.gateway.port);
  const asked = frames as readonly { readonly method: string; readonly params: object }[];
  await assistant.ask('connect', connectWith(house.master));
  const refusals = await inOrder(asked, async ({ method, params }) => {
    if (method === 'connect') return undefined;
    const { ok, error } = await assistant.ask(method, params);
    return ok ? undefined : `${method} ${error?.code} ${error?.message}`;
  });
  assistant.end();
  return refusals;
}
