import { METHODS } from '../../../packages/gateway/src/openclaw/methods/table.ts';
import { connectWith } from '../assistant.ts';
import { frameCalls, httpCalls, type Ids } from '../inventory.ts';

/** What is right, to be made wrong. */
export interface Specimens {
  /** Of our protocol, behind hello. */
  readonly socket: readonly object[];
  readonly hello: readonly object[];
  /** Of OpenClaw’s protocol, behind connect. */
  readonly assistant: readonly object[];
  readonly http: readonly HttpSpecimen[];
}

export interface HttpSpecimen {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

const PART = { type: 'text', text: 'q' };
const TOOL = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: { a: { type: 'string' } } } } };
const CHAT = {
  model: 'agent:default',
  messages: [
    { role: 'system', content: 's' },
    { role: 'user', content: [PART, PART] },
    { role: 'assistant', content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'look', arguments: '{"a":"b"}' } }] },
    { role: 'tool', tool_call_id: 'c', content: 'x' },
  ],
  stream: true,
  stream_options: { include_usage: true },
  tools: [TOOL],
  tool_choice: 'auto',
  response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
  reasoning_effort: 'low',
  max_completion_tokens: 10,
  temperature: 0.5,
  stop: ['x'],
  n: 1,
  metadata: { a: 'b' },
};
const RESPONSE = {
  model: 'agent:default',
  input: [
    { role: 'user', content: [{ type: 'input_text', text: 'q' }] },
    { type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c', output: 'x' },
  ],
  instructions: 's',
  tools: [{ type: 'function', name: 'look', parameters: {} }],
  reasoning: { effort: 'low' },
  text: { format: { type: 'text' } },
  stream: true,
  store: true,
  background: false,
  metadata: { a: 'b' },
};
const RPC = [
  {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'f', version: '1' } },
  },
  { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} },
  { jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'default', arguments: { input: 'q' }, _meta: { progressToken: 1 } } },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 3 } },
  [{ jsonrpc: '2.0', id: 4, method: 'ping' }],
];
const UI = {
  id: 'chat-1',
  trigger: 'submit-message',
  messages: [
    { id: 'a', role: 'user', parts: [PART] },
    { id: 'b', role: 'assistant', parts: [{ type: 'tool-look', toolCallId: 'c', state: 'output-available', input: {}, output: 1 }] },
    { id: 'm', role: 'user', parts: [PART, PART] },
  ],
};
const SETTINGS = {
  temperature: 1,
  topP: 0.5,
  maxTokens: 10,
  stop: ['x'],
  seed: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  format: { name: 'n', schema: { type: 'object' } },
  toolChoice: { name: 'look' },
  parallelTools: true,
  verbosity: 'low',
};
const MESSAGES = [
  { role: 'system', content: 's' },
  { role: 'user', content: 'q', name: 'u' },
  { role: 'assistant', content: '', toolCalls: [{ id: 'c', name: 'look', arguments: '{}' }] },
  { role: 'tool', toolCallId: 'c', content: 'x' },
];
const RUN = {
  input: MESSAGES,
  agent: 'default',
  tools: [{ name: 'look', description: 'd', parameters: { type: 'object' }, strict: true }],
  level: 2,
  settings: SETTINGS,
  budget: { usd: 1, tokens: 10, ms: 1_000 },
  tokenInterval: 5,
  trace: { parent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, state: 'a=b' },
};

/** Of those methods that take no more than this. */
const PARAMS: Readonly<Record<string, object>> = {
  'sessions.create': { key: 'agent:default:main' },
  'plugin.approval.resolve': { id: 'a', decision: 'deny' },
};

/** What there is in the house, by the kinds of ids. */
export interface Estate {
  /** Of a run that has ended, and of one that has not. */
  readonly ended: string;
  readonly open: string;
  readonly response: string;
  readonly key: string;
}

export function specimens({ ended, open, response, key }: Estate): Specimens {
  const idsOf: readonly Ids[] = [
    { run: open, id: response },
    { run: ended, id: key },
  ];
  const frames = idsOf.flatMap((ids) => frameCalls(ids, 1).map(({ frame }) => frame));
  const asked = {
    sessionKey: 'agent:default:main',
    message: 'q',
    idempotencyKey: 'i',
    runId: 'i',
    limit: 5,
    key: 'agent:default:main',
    timeoutMs: 1,
  };
  const bodies: readonly HttpSpecimen[] = [
    ...[CHAT, { ...CHAT, stream: false }].map((body) => ({ method: 'POST', path: '/v1/chat/completions', body })),
    ...[RESPONSE, { ...RESPONSE, stream: false }, { ...RESPONSE, background: true, previous_response_id: response }].map((body) => ({
      method: 'POST',
      path: '/v1/responses',
      body,
    })),
    ...RPC.map((body) => ({ method: 'POST', path: '/mcp', body })),
    { method: 'POST', path: '/v1/chat', body: UI },
    { method: 'POST', path: '/v1/runs', body: RUN },
    { method: 'POST', path: '/v1/runs', body: { ...RUN, input: 'q', session: 's' } },
    { method: 'POST', path: `/v1/runs/${ended}/fork`, body: { at: 2, input: 'again' } },
  ];
  // What is about the whole house takes long, or is not there without one; and without runs all else is about nothing.
  const calls = idsOf.flatMap(httpCalls).filter(({ route }) => !/backup|verify|reload|status$|tiers|erase|why/.test(route));
  return {
    socket: [
      ...frames,
      { t: 'start', ch: 2, idem: 'full', run: RUN, hold: true },
      { t: 'attach', ch: 3, run: ended, epoch: 1, after: 2, h: 7, hold: true },
    ],
    hello: [
      { t: 'hello', v: 1, client: 'fuzz', token: 'x' },
      { t: 'hello', v: 2, client: 'fuzz' },
    ],
    assistant: [
      ...Object.keys(METHODS).map((method) => ({ type: 'req', id: 'r', method, params: PARAMS[method] ?? asked })),
      { type: 'req', id: 'c', method: 'connect', params: connectWith('x') },
    ],
    http: [...bodies, ...bodies, ...calls.map(({ method, path, json }) => ({ method, path, ...(json !== undefined && { body: json }) }))],
  };
}
