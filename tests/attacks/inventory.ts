import { FRAMES, type Frame, ROUTES, type Route } from '../../packages/gateway/src/identity/permissions.ts';

/** What ids stand in the places of paths and frames. */
export interface Ids {
  readonly run: string;
  /** Of a key, a response, a chat. */
  readonly id?: string;
}

export interface HttpCall {
  readonly route: Route;
  readonly method: string;
  readonly path: string;
  /** Absent: it is sent none. */
  readonly json?: unknown;
}

/** Every route of the table as a request that is right but for whose it is. */
export function httpCalls({ run, id = `resp_${run}` }: Ids): readonly HttpCall[] {
  return (Object.keys(ROUTES) as Route[]).map((route) => {
    const [method = '', template = ''] = route.split(' ');
    const path = template.replace('{run}', run).replace('{id}', id).replace('{rest}', 'agent:default');
    const json = route === 'POST /v1/erase' ? { run } : method === 'POST' ? (BODIES[route] ?? {}) : undefined;
    return { route, method, path, ...(json !== undefined && { json }) };
  });
}

/** Every frame of the table but hello. `ch` and `id` of commands are `n`. */
export function frameCalls({ run }: Ids, n: number): readonly { readonly kind: Frame; readonly frame: object }[] {
  return (Object.keys(FRAMES) as Frame[])
    .filter((kind) => kind !== 'hello')
    .map((kind) => {
      const [t, command] = kind.split('.') as ['start' | 'attach' | 'detach' | 'command', string | undefined];
      if (t === 'command') return { kind, frame: { t, run, id: `c${n}`, kind: command, ...DATA[command ?? ''] } };
      if (t === 'start') return { kind, frame: { t, ch: n, idem: `i${n}`, run: { input: 'q' } } };
      return { kind, frame: t === 'attach' ? { t, ch: n, run } : { t, ch: n } };
    });
}

const APPROVAL = { approval: 'a', hash: '0'.repeat(64), answer: 'allow' };

const BODIES: Partial<Record<Route, unknown>> = {
  'POST /v1/runs': { input: 'q' },
  'POST /v1/runs/{run}/messages': { text: 'more' },
  'POST /v1/runs/{run}/feedback': { rating: 'good' },
  'POST /v1/runs/{run}/level': { level: 2 },
  'POST /v1/runs/{run}/approve': APPROVAL,
  'POST /v1/runs/{run}/budget': { usd: 1 },
  'POST /v1/budgets': { scope: 'session', name: 's', usd: 1 },
  'POST /v1/tiers': { of: 'model', name: 'm', tier: 0 },
  'POST /v1/keys': { name: 'k' },
  'POST /v1/tickets': { origin: 'https://app.example' },
  'POST /v1/responses': { model: 'agent:default', input: 'q', background: true },
  'POST /v1/chat/completions': { model: 'agent:default', messages: [{ role: 'user', content: 'q' }], stream: true },
  'POST /v1/chat': { id: 'chat-1', messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'q' }] }] },
  'POST /mcp': { jsonrpc: '2.0', id: 1, method: 'ping' },
};

const DATA: Readonly<Record<string, object>> = {
  send: { data: { text: 'more', mode: 'queue' } },
  feedback: { data: { rating: 'good' } },
  level: { data: { level: 2 } },
  approve: { data: APPROVAL },
  topup: { data: { usd: 1 } },
};
