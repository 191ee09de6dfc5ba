import { type ClientOptions, WebSocket } from 'ws';
import { problemsIn, problemsOf, type SchemaName, schemaOf } from './schema.ts';

export interface Frame {
  readonly type: 'res' | 'event';
  readonly id?: string;
  readonly ok?: boolean;
  readonly event?: string;
  readonly seq?: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number;
  };
}

/** A client of the gateway protocol that holds all it says and hears to the published schemas. */
export interface Assistant {
  readonly socket: WebSocket;
  /** The code and the reason of the close. */
  readonly closed: Promise<readonly [number, string]>;
  readonly heard: readonly Frame[];
  send(frame: object | string | Buffer): void;
  /** The next frame that fits and was not taken yet. */
  next(fits: (frame: Frame) => boolean): Promise<Frame>;
  event(name: string, fits?: (payload: Frame['payload']) => boolean): Promise<Frame['payload']>;
  /** Answers with the frame, whichever it is. */
  ask(method: string, params?: object): Promise<Frame>;
  /** Throws where it is refused. */
  request(method: string, params?: object): Promise<Frame['payload']>;
}

export const CONNECT = {
  minProtocol: 4,
  maxProtocol: 4,
  client: { id: 'gateway-client', version: '1', platform: 'linux', mode: 'backend' },
  role: 'operator',
  scopes: ['operator.admin'],
  caps: ['tool-events'],
};

const RESULTS: Readonly<Record<string, SchemaName>> = {
  connect: 'HelloOk',
  'models.list': 'ModelsListResult',
  'agents.list': 'AgentsListResult',
  'commands.list': 'CommandsListResult',
  'agent.identity.get': 'AgentIdentityResult',
  'sessions.resolve': 'SessionsResolveResult',
  'sessions.create': 'SessionsCreateResult',
  'sessions.delete': 'SessionsDeleteResult',
};
const PARAMS: Readonly<Record<string, SchemaName>> = {
  connect: 'ConnectParams',
  agent: 'AgentParams',
  'agent.wait': 'AgentWaitParams',
  'chat.send': 'ChatSendParams',
  'chat.abort': 'ChatAbortParams',
  'chat.history': 'ChatHistoryParams',
  'sessions.list': 'SessionsListParams',
  'sessions.describe': 'SessionsDescribeParams',
  'sessions.create': 'SessionsCreateParams',
  'sessions.patch': 'SessionsPatchParams',
  'sessions.reset': 'SessionsResetParams',
  'sessions.delete': 'SessionsDeleteParams',
  'sessions.messages.subscribe': 'SessionsMessagesSubscribeParams',
};
const EVENTS: Readonly<Record<string, SchemaName>> = {
  chat: 'ChatEvent',
  agent: 'AgentEvent',
  tick: 'TickEvent',
  shutdown: 'ShutdownEvent',
};

export function dialAssistant(port: number, how: ClientOptions = {}): Assistant {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false, ...how });
  const heard: Frame[] = [];
  const waiting: Frame[] = [];
  const asked = new Map<string, string>();
  const wrong: string[] = [];
  let over: string | undefined;
  let wake = Promise.withResolvers<void>();
  let count = 0;
  const stir = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    wrong.push(...problemsOf('GatewayFrame', frame), ...payloadProblems(frame, asked.get(frame.id ?? '')));
    heard.push(frame);
    waiting.push(frame);
    stir();
  });
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.on('close', (code, reason) => {
      over = `closed with ${code} ${reason}`;
      stir();
      resolve([code, reason.toString()]);
    });
  });

  const next = async (fits: (frame: Frame) => boolean): Promise<Frame> => {
    for (;;) {
      if (wrong.length > 0) throw new Error(`not of the schema: ${wrong.join('; ')}`);
      const at = waiting.findIndex(fits);
      if (at >= 0) return waiting.splice(at, 1)[0] as Frame;
      if (over !== undefined) throw new Error(`${over}; there were ${JSON.stringify(waiting)}`);
      await wake.promise;
    }
  };
  const send = (frame: object | string | Buffer): void =>
    socket.send(typeof frame === 'string' || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  const ask = async (method: string, params: object = {}): Promise<Frame> => {
    const id = `${method}-${++count}`;
    const schema = PARAMS[method];
    const problems = schema ? problemsOf(schema, params) : [];
    if (problems.length > 0) throw new Error(`the request is not of the schema: ${problems.join('; ')}`);
    asked.set(id, method);
    send({ type: 'req', id, method, params });
    return next((frame) => frame.id === id);
  };
  return {
    socket,
    closed,
    heard,
    send,
    next,
    ask,
    event: async (name, fits = () => true) => (await next((frame) => frame.event === name && fits(frame.payload))).payload,
    async request(method, params) {
      const { ok, payload, error } = await ask(method, params);
      if (!ok) throw Object.assign(new Error(`${error?.code}: ${error?.message}`), { error });
      return payload;
    },
  };
}

/** Waits for the challenge, and is known when it resolves. */
export async function connectAssistant(port: number, params: object = {}): Promise<Assistant> {
  const client = dialAssistant(port);
  await client.event('connect.challenge');
  await client.request('connect', { ...CONNECT, ...params });
  return client;
}

function payloadProblems({ type, event, ok, payload }: Frame, method: string | undefined): readonly string[] {
  if (type === 'event') return EVENTS[event ?? ''] ? problemsOf(EVENTS[event ?? ''] as SchemaName, payload) : [];
  if (!ok || method === undefined) return [];
  const schema = RESULTS[method];
  if (schema) return problemsOf(schema, payload);
  if (method === 'health') return problemsIn(schemaOf('Snapshot').properties?.['health'], payload, method);
  if (method === 'system-presence') return problemsIn(schemaOf('Snapshot').properties?.['presence'], payload, method);
  if (method === 'chat.history' && 'kind' in payload) return problemsOf('ChatHistoryCursorResult', payload);
  const rows = method === 'sessions.list' ? (payload['sessions'] as unknown[]) : [];
  return rows.flatMap((row) => problemsOf('SessionRow', row));
}
