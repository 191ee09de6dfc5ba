import { type AuditEntry, type Gateway, type GatewayOptions, type IssuedKey, type Scope, startGateway } from '@openclaw-runtime/gateway';
import { systemClock, systemRandom } from '@openclaw-runtime/kit';
import { type DownFrame, encodeRecord, NO_USAGE, PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { createMemoryStore, runKey, type Store } from '@openclaw-runtime/store';
import { WebSocket } from 'ws';
import { createPeer } from '../../packages/gateway/test/rig.ts';

/** A gateway over a memory store on a real port, as those who attack it find it. */
export interface AttackedHouse extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly http: string;
  readonly store: Store;
  /** What the house's own commands come in with: it may do everything. */
  readonly master: string;
  /** All that the audit log was told. */
  readonly notes: readonly AuditEntry[];
  readonly defects: readonly unknown[];
  /** Lets so many milliseconds pass at once, by both clocks. */
  later(ms: number): void;
  /** Makes a key, with `master` unless another is given. */
  issue(asked?: KeyWish, by?: string): Promise<IssuedKey>;
  ask(path: string, how?: Asking): Promise<Answer>;
  dial(how?: Dialling): Promise<Caller>;
  /** A run of a tenant, which has said a few words and may have ended. */
  begin(tenant: string, name: string, isDone?: boolean): Promise<string>;
  /** Whether it still serves who may ask, and met with no defect. */
  isWell(): Promise<boolean>;
}

export interface KeyWish {
  readonly name?: string;
  readonly tenant?: string;
  readonly scopes?: readonly Scope[];
  readonly expiresMs?: number;
}

export interface Asking {
  readonly method?: string;
  readonly key?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** The headers are enough: the body is not read. */
  readonly onlyHead?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `undefined` where it is none. */
  readonly code: string | undefined;
}

export interface Dialling {
  /** Of hello; absent: none. */
  readonly token?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of a hello. */
  readonly first?: object;
}

export interface Caller {
  send(frame: object): void;
  /** The next frame of this kind. Rejects when the socket closes before. */
  next<T extends DownFrame['t']>(t: T): Promise<Extract<DownFrame, { t: T }>>;
  /** The code of the close. */
  readonly closed: Promise<number>;
  end(): void;
}

export async function openHouse(options: Partial<GatewayOptions> = {}): Promise<AttackedHouse> {
  const store = options.store ?? createMemoryStore();
  const notes: AuditEntry[] = [];
  const defects: unknown[] = [];
  const callers = new Set<WebSocket>();
  let ahead = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + ahead, wall: () => systemClock.wall() + ahead };
  const master = `local_${'m'.repeat(44)}`;
  await store.state.put('_house', 'catalogue', JSON.stringify({ agents: [{ name: 'default' }] }), 0).catch(() => undefined);
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    random: systemRandom,
    localKey: master,
    serverName: 'attacked',
    audit: {
      note: (entry) => void notes.push(entry),
      async ensure(entry) {
        notes.push(entry);
      },
    },
    onDefect: (_id, error) => defects.push(error),
    ...options,
    clock,
    store,
  });
  const http = `http://127.0.0.1:${gateway.port}`;

  const ask = async (path: string, { method = 'GET', key, headers = {}, json, onlyHead = false }: Asking = {}): Promise<Answer> => {
    const authorization: Readonly<Record<string, string>> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    const response = await fetch(`${http}${path}`, { method, headers: { ...authorization, ...headers }, ...body, redirect: 'manual' });
    const text = onlyHead ? '' : await response.text();
    if (onlyHead) await response.body?.cancel();
    return { status: response.status, headers: response.headers, text, code: codeIn(text) };
  };

  const house: AttackedHouse = {
    gateway,
    http,
    store,
    master,
    notes,
    defects,
    later(ms) {
      ahead += ms;
    },
    async issue({ name = 'a key', ...asked } = {}, by = master) {
      const { status, text } = await ask('/v1/keys', { method: 'POST', key: by, json: { name, ...asked } });
      if (status !== 201) throw new Error(`no key was made: ${text}`);
      return JSON.parse(text) as IssuedKey;
    },
    ask,
    async dial({ token, origin, headers = {}, first } = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, SUBPROTOCOL, {
        perMessageDeflate: false,
        headers,
        ...(origin !== undefined && { origin }),
      });
      callers.add(socket);
      const caller = createCaller(socket);
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      caller.send(first ?? { t: 'hello', v: PROTOCOL_VERSION, client: 'attack', ...(token !== undefined && { token }) });
      return caller;
    },
    async begin(tenant, name, isDone = false) {
      const run = store.runId(tenant, name);
      const key = runKey(tenant, run);
      await store.runs.create(
        key,
        encodeRecord('run.created', 0, 0, { agent: 'default', input: `secret of ${tenant}`, at: 0, fingerprint: name }),
        name,
      );
      const lease = await store.queue.claim(key, 'test');
      const said = `said to ${tenant} alone`;
      lease.append([encodeRecord('step.started', 1, 1, { model: 'm' }), encodeRecord('text', 1, 1, said)], 'process');
      const rest = [
        encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }),
        encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE }),
      ];
      if (isDone) lease.append(rest, 'process', true);
      await lease.settled();
      return run;
    },
    async isWell() {
      const { status } = await ask('/v1/runs', { key: master });
      for (const defect of defects) console.error(defect);
      return status === 200 && defects.length === 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of callers) socket.terminate();
      await gateway.close();
      await store.close();
    },
  };
  return house;
}

function createCaller(socket: WebSocket): Caller {
  const { closed, send, next } = createPeer(socket);
  return { send, next, closed: closed.then(([code]) => code), end: () => socket.terminate() };
}

function codeIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly code?: string } };
    return error?.code;
  } catch {
    return undefined;
  }
}
