import { newId, type Random } from '@openclaw-runtime/kit';
import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { WebSocket } from 'ws';
import type { AttackedHouse } from '../house.ts';
import { frameCalls, type HttpCall, httpCalls, type Ids } from '../inventory.ts';
import type { Estate } from './estate.ts';
import type { Judge } from './leaks.ts';

export interface Plan {
  readonly house: AttackedHouse;
  readonly estates: readonly Estate[];
  readonly judge: Judge;
  readonly random: Random;
}

/** As many requests, at random: each by one tenant, with what another one has. Returns how many there were of each route. */
export async function crossByHttp({ house, estates, judge, random }: Plan, count: number): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const toNobody = new Map<string, string>();
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random.float() * of.length)] as T;
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const asker = pick(estates);
      const victim = pick(estates.filter((each) => each !== asker));
      const ids = pick(victim.ids);
      const call = pick(httpCalls(ids));
      const headers = headersOf(call, victim, random);
      counts.set(call.route, (counts.get(call.route) ?? 0) + 1);
      const answer = await send(house, asker, call, headers);
      judge.judge(call.route, asker, victim, `${call.path} ${JSON.stringify(call.json)} ${JSON.stringify(headers)}`, answer);
      if (!call.path.includes(ids.run) && !call.path.includes(ids.id ?? ids.run)) continue;
      const form = `${call.route} ${formOf(ids)} ${Object.keys(headers).join()}`;
      const expected = toNobody.get(form) ?? (await nobodys(house, asker, call, ids, headers, random));
      toNobody.set(form, expected);
      judge.same(call.route, asker, victim, plain(answer, ids), expected);
    }
  };
  await Promise.all(Array.from({ length: HTTP_LANES }, lane));
  return counts;
}

/** Many, since some streams begin only after seconds: nobody works on what they ask for. */
const HTTP_LANES = 96;
const LANES = 12;

async function send(house: AttackedHouse, asker: Estate, call: HttpCall, headers: Readonly<Record<string, string>>): Promise<string> {
  const json = call.json === undefined ? {} : { json: call.json };
  // What one begins oneself goes on, since nobody works here; a stream of another's would, too.
  const onlyHead = /^POST \/v1\/(chat|chat\/completions|responses)$|^GET .*\/(events|stream)$/.test(call.route);
  const { status, text } = await house.ask(call.path, { method: call.method, key: asker.key, headers, onlyHead, ...json });
  return `${status} ${text}`;
}

function headersOf({ route }: HttpCall, victim: Estate, random: Random): Record<string, string> {
  if (random.float() < 0.5) return {};
  if (route.endsWith('/events')) return { 'last-event-id': '1-1' };
  return route === 'POST /v1/runs' ? { 'idempotency-key': victim.idempotencyKey } : {};
}

async function nobodys(
  house: AttackedHouse,
  asker: Estate,
  call: HttpCall,
  ids: Ids,
  headers: Record<string, string>,
  random: Random,
): Promise<string> {
  const strange = { run: newId(random), id: strangeId(ids, random) };
  const same = httpCalls(strange).find(({ route }) => route === call.route) as HttpCall;
  return plain(await send(house, asker, same, headers), strange);
}

/** Ids of different kinds may be answered differently, as long as it does not matter whether there is one. */
function formOf({ id = '' }: Ids): string {
  return id.replace(/[A-Za-z0-9_-]{8,}$/, '');
}

function strangeId(ids: Ids, random: Random): string {
  const { id = '' } = ids;
  return `${formOf(ids)}${newId(random)
    .repeat(4)
    .slice(0, id.length - formOf(ids).length)}`;
}

function plain(answer: string, { run, id }: Ids): string {
  const text = answer.replaceAll(run, 'RUN');
  return id === undefined ? text : text.replaceAll(id, 'ID').replaceAll(id.replace(/^resp_/, ''), 'ID');
}

/** The same with frames on sockets: each attaches to, or commands, what is another’s. */
export async function crossByFrames({ house, estates, judge, random }: Plan, count: number): Promise<void> {
  const each = Math.ceil(count / estates.length);
  await Promise.all(estates.map((asker) => crossOne(house, asker, estates, judge, random, each)));
}

async function crossOne(
  house: AttackedHouse,
  asker: Estate,
  estates: readonly Estate[],
  judge: Judge,
  random: Random,
  count: number,
): Promise<void> {
  const socket = new WebSocket(house.gateway.url, SUBPROTOCOL, { perMessageDeflate: false });
  const waiting = new Map<string, (answer: string) => void>();
  const welcome = Promise.withResolvers<void>();
  socket.on('close', (code) => {
    welcome.reject(new Error(`closed with ${code}`));
    for (const tell of waiting.values()) tell(`closed with ${code}`);
  });
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    const frame = JSON.parse(text) as { t: string; ch?: number; id?: string };
    if (frame.t === 'welcome') return welcome.resolve();
    waiting.get(frame.id ?? `ch${frame.ch}`)?.(text);
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send(JSON.stringify({ t: 'hello', v: PROTOCOL_VERSION, client: 'matrix', token: asker.key }));
  await welcome.promise;
  const others = estates.filter((one) => one !== asker);
  const ask = (frame: object, name: string): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    waiting.set(name, resolve);
    socket.send(JSON.stringify(frame));
    return promise.finally(() => waiting.delete(name));
  };
  let n = 0;
  const lane = async (): Promise<void> => {
    while (n < count) {
      const victim = others[Math.floor(random.float() * others.length)] as Estate;
      const ids = victim.ids[Math.floor(random.float() * victim.ids.length)] as Ids;
      const calls = frameCalls(ids, ++n).filter(({ kind }) => kind !== 'start' && kind !== 'detach');
      const { kind, frame } = calls[n % calls.length] as (typeof calls)[number];
      const answer = await ask(frame, kind === 'attach' ? `ch${n}` : `c${n}`);
      judge.judge(kind, asker, victim, ids.run, answer);
      judge.same(kind, asker, victim, codeOf(answer), 'NOT_FOUND');
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    socket.terminate();
  }
}

function codeOf(answer: string): string {
  try {
    return (JSON.parse(answer) as { readonly code?: string }).code ?? answer;
  } catch {
    return answer;
  }
}
