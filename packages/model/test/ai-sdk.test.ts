import { inspect } from 'node:util';
import { APICallError, JSONParseError, NoSuchModelError, TypeValidationError, UnsupportedFunctionalityError } from '@ai-sdk/provider';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import { askSdk, type SdkTarget } from '../src/ai-sdk/ask.ts';
import { asked } from '../src/ai-sdk/prompt.ts';
import type { ModelSink } from '../src/index.ts';
import { ask, failure, never } from './fixtures/brokers.ts';
import { createManualClock } from './fixtures/clocks.ts';
import { createScriptedModel, finished, type Part, said, targetFor, thought } from './fixtures/sdk.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Asks a model that is scripted so. */
function talk(script: readonly Part[] | Error, overrides: Partial<SdkTarget> = {}, sinkOverrides: Partial<ModelSink> = {}) {
  const model = createScriptedModel(script);
  const sink = createCollectingSink(sinkOverrides);
  return { model, sink, end: askSdk(targetFor(model, overrides), ask('m'), sink, never(), Number.MAX_SAFE_INTEGER) };
}

describe('what a model is asked', () => {
  test('system messages first, calls as objects, results together and with the name of their tool', () => {
    const calls = [
      { id: 'a', name: 'look', arguments: '{"at":1}' },
      { id: 'b', name: 'wait', arguments: '' },
      { id: 'c', name: 'odd', arguments: 'no JSON' },
    ];
    const { prompt } = asked({
      model: 'm',
      messages: [
        { role: 'user', content: 'hi' },
        { role: 'system', content: 'be short' },
        { role: 'assistant', content: '', toolCalls: calls },
        { role: 'tool', toolCallId: 'a', content: 'seen' },
        { role: 'tool', toolCallId: 'z', content: 'stray' },
        { role: 'assistant', content: '' },
        { role: 'assistant', content: 'so' },
      ],
    });
    expect(prompt).toEqual([
      { role: 'system', content: 'be short' },
      { role: 'user', content: [{ type: 'text', text: 'hi' }] },
      {
        role: 'assistant',
        content: [
          { type: 'tool-call', toolCallId: 'a', toolName: 'look', input: { at: 1 } },
          { type: 'tool-call', toolCallId: 'b', toolName: 'wait', input: {} },
          { type: 'tool-call', toolCallId: 'c', toolName: 'odd', input: { arguments: 'no JSON' } },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'a', toolName: 'look', output: { type: 'text', value: 'seen' } },
          { type: 'tool-result', toolCallId: 'z', toolName: 'unknown', output: { type: 'text', value: 'stray' } },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'so' }] },
    ]);
  });

  test('tools, a prefix, and what the package takes besides', async () => {
    const tools = [
      { name: 'look', description: 'looks', parameters: { type: 'object', properties: { at: { type: 'number' } } } },
      { name: 'bare' },
    ];
    const all = asked({ ...ask('m'), tools, prefix: 'It is' });
    expect(all.tools).toEqual([
      { type: 'function', name: 'look', description: 'looks', inputSchema: tools[0]?.parameters },
      { type: 'function', name: 'bare', inputSchema: { type: 'object', properties: {} } },
    ]);
    expect(all.prompt.at(-1)).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'It is' }] });
    const { model, end } = talk([finished('stop')], { providerOptions: { google: { x: 1 } } });
    await end;
    expect(model.asked[0]).toMatchObject({ providerOptions: { google: { x: 1 } }, abortSignal: expect.any(AbortSignal) });
    expect(model.asked[0]).not.toHaveProperty('tools');
  });
});

describe('what a model answers', () => {
  test('deltas go to the sink as they are, empty ones not; calls and usage come with the end', async () => {
    const usage = {
      inputTokens: { total: 7, noCache: 5, cacheRead: 2, cacheWrite: undefined },
      outputTokens: { total: 9, text: 6, reasoning: 3 },
    };
    const { sink, end } = talk([
      { type: 'stream-start', warnings: [] },
      { type: 'response-metadata', id: 'r' },
      thought('hm'),
      said('a'),
      said(''),
      said('\ud83d'),
      said('\udd8a'),
      { type: 'tool-input-start', id: 't', toolName: 'look' },
      { type: 'tool-input-delta', id: 't', delta: '{"a":' },
      { type: 'tool-call', toolCallId: 't', toolName: 'look', input: '{"a": 1}' },
      { type: 'tool-call', toolCallId: 'u', toolName: 'search', input: '{}', providerExecuted: true },
      { type: 'finish', finishReason: { unified: 'stop', raw: 'STOP' }, usage },
    ]);
    expect(await end).toEqual({
      finish: 'tool_calls',
      usage: { inputTokens: 7, outputTokens: 9, reasoningTokens: 3, cachedTokens: 2 },
      toolCalls: [{ id: 't', name: 'look', arguments: '{"a": 1}' }],
    });
    expect([sink.thoughts, sink.deltas]).toEqual([['hm'], ['a', '\ud83d', '\udd8a']]);
  });

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['content-filter', 'content_filter'],
    ['tool-calls', 'tool_calls'],
    ['other', 'stop'],
  ] as const)('the finish %s is %s', async (unified, finish) => {
    const { end } = talk([said('a'), finished(unified, 'RAW')]);
    expect(await end).toEqual({ finish, usage: expect.objectContaining({ inputTokens: 0, outputTokens: 0 }), toolCalls: [] });
  });

  test.each<[name: string, script: readonly Part[], says: string]>([
    ['no finish', [said('a')], 'broke off'],
    ['a finish that is none', [said('a'), finished('interrupted')], 'broke off'],
    ['a finish of which the provider said nothing', [said('a'), finished('other')], 'broke off'],
    [
      'a finish that is an error',
      [said('a'), finished('error', 'MALFORMED_FUNCTION_CALL')],
      'gave up its answer (MALFORMED_FUNCTION_CALL)',
    ],
  ])('%s is a failure', async (_name, script, says) => {
    const { sink, end } = talk(script);
    expect(await failure(end)).toMatchObject({ code: 'PROVIDER_FAILED', message: expect.stringContaining(says) });
    expect(sink.deltas).toEqual(['a']);
  });
});

describe('what goes wrong', () => {
  const apiError = (statusCode: number | undefined, body?: string, headers: Record<string, string> = {}, cause?: unknown) =>
    new APICallError({
      message: 'as the SDK says it',
      url: 'http://p/?key=sk-secret',
      requestBodyValues: { prompt: 'private' },
      responseHeaders: headers,
      cause,
      ...(statusCode === undefined ? {} : { statusCode }),
      ...(body === undefined ? {} : { responseBody: body }),
    });
  const google = (status: string, details: unknown[] = []) =>
    JSON.stringify({ error: { code: 0, message: 'no, sk-secret', status, details } });
  const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' };

  test.each<[name: string, error: unknown, expected: object]>([
    ['429', apiError(429, google('RESOURCE_EXHAUSTED'), { 'retry-after': '3' }), { code: 'PROVIDER_RATE_LIMITED', retryAfterMs: 3_000 }],
    ["429 with Google's delay", apiError(429, google('X', [{}, retryInfo])), { code: 'PROVIDER_RATE_LIMITED', retryAfterMs: 7_000 }],
    ['503', apiError(503), { code: 'PROVIDER_FAILED', message: expect.stringContaining('as the SDK says it') }],
    ['400', apiError(400, google('INVALID_ARGUMENT')), { code: 'PROVIDER_REFUSED', message: expect.stringContaining('no, [secret]') }],
    ['401', apiError(401, '{"error":"who?"}'), { code: 'PROVIDER_REFUSED', message: expect.stringContaining('apiKey') }],
    ['404 of a model', apiError(404, google('NOT_FOUND')), { code: 'NOT_FOUND' }],
    ["404 in Ollama's words", apiError(404, `{"error":"model 'm' not found"}`), { code: 'NOT_FOUND' }],
    ['404 of an address', apiError(404, '404 page not found'), { code: 'PROVIDER_REFUSED', message: expect.stringContaining('baseUrl') }],
    [
      'no connection',
      apiError(undefined, undefined, {}, new Error('connect ECONNREFUSED')),
      { code: 'PROVIDER_FAILED', message: expect.stringContaining('ECONNREFUSED') },
    ],
    [
      'a success that is not to be read',
      apiError(200, undefined, {}, new JSONParseError({ text: 'oops sk-secret', cause: new Error('x') })),
      { code: 'PROVIDER_MALFORMED', message: expect.stringContaining('oops [secret]') },
    ],
    ['JSON of another kind', TypeValidationError.wrap({ value: { a: 1 }, cause: new Error('x') }), { code: 'PROVIDER_MALFORMED' }],
    [
      'an error where a chunk should be',
      TypeValidationError.wrap({ value: { error: { message: 'out of memory' } }, cause: new Error('x') }),
      { code: 'PROVIDER_FAILED', message: expect.stringContaining('out of memory') },
    ],
    ['a model that the package does not have', new NoSuchModelError({ modelId: 'm', modelType: 'languageModel' }), { code: 'NOT_FOUND' }],
    ['what the package cannot do', new UnsupportedFunctionalityError({ functionality: 'f' }), { code: 'PROVIDER_REFUSED' }],
    [
      'an error of ours, inside',
      new Error('x', { cause: new OpenClawError('PROVIDER_MALFORMED', 'ours') }),
      { code: 'PROVIDER_MALFORMED', message: 'ours' },
    ],
    [
      'a report with a status',
      { message: 'slow down', statusCode: 429 },
      { code: 'PROVIDER_RATE_LIMITED', message: expect.stringContaining('slow down') },
    ],
    ['words', 'sk-secret is broken', { code: 'PROVIDER_FAILED', message: expect.stringContaining('[secret] is broken') }],
  ])('%s: typed, without secrets, without what was asked', async (_name, error, expected) => {
    const inStream = await failure(talk([said('a'), { type: 'error', error }], { secrets: ['sk-secret'] }).end);
    expect(inStream).toMatchObject(expected);
    expect(inspect(inStream, { depth: 9 })).not.toMatch(/sk-secret|private/);
    if (error instanceof Error) expect(await failure(talk(error, { secrets: ['sk-secret'] }).end)).toMatchObject(expected);
  });

  test('what the sink throws is passed on as it is, and the stream is cancelled', async () => {
    const ours = new OpenClawError('FENCED', 'another owner');
    const { model, end } = talk(
      [said('a'), said('b'), finished('stop')],
      {},
      {
        text: () => {
          throw ours;
        },
      },
    );
    expect(await failure(end)).toBe(ours);
    expect(model.counts).toEqual({ read: 1, cancelled: 1 });
  });
});

describe('when it is stopped', () => {
  test('a model that does not mind its signal is left all the same', async () => {
    const model = createScriptedModel([said('a')], true);
    const sink = createCollectingSink();
    const stop = new AbortController();
    const end = askSdk(targetFor(model), ask('m'), sink, stop.signal, Number.MAX_SAFE_INTEGER);
    await sink.reached(1);
    const reason = new OpenClawError('CANCELLED', 'enough');
    stop.abort(reason);
    expect(await failure(end)).toBe(reason);
    expect(model.counts.cancelled).toBe(1);
  });

  test('so is one that does not even begin, and its stream is cancelled when it comes', async () => {
    const late = Promise.withResolvers<void>();
    const model = createScriptedModel([said('a')]);
    const slow = {
      ...model,
      doStream: async (options: Parameters<typeof model.doStream>[0]) => late.promise.then(() => model.doStream(options)),
    };
    const stop = new AbortController();
    const end = askSdk(targetFor(slow), ask('m'), createCollectingSink(), stop.signal, Number.MAX_SAFE_INTEGER);
    await turn();
    stop.abort(new OpenClawError('CANCELLED', 'enough'));
    expect(await failure(end)).toMatchObject({ code: 'CANCELLED' });
    late.resolve();
    await turn();
    expect(model.counts).toEqual({ read: 0, cancelled: 1 });
  });

  test.each<[what: string, script: readonly Part[], ms: number]>([
    ['firstChunkMs', [{ type: 'stream-start', warnings: [] }, said('')], 1_000],
    ['betweenChunksMs', [said('a')], 500],
    ['betweenChunksMs', [{ type: 'tool-input-start', id: 't', toolName: 'f' }, { type: 'ping' }], 500],
    ['totalMs', [said('a')], 200],
  ])('too much silence is a time-out: %s', async (what, script, ms) => {
    const clock = createManualClock();
    const model = createScriptedModel(script, true);
    const totalAt = what === 'totalMs' ? clock.now() + ms : Number.MAX_SAFE_INTEGER;
    let outcome: unknown;
    const end = askSdk(targetFor(model, { clock }), ask('m'), createCollectingSink(), never(), totalAt);
    end.catch((error: unknown) => {
      outcome = error;
    });
    await turn();
    clock.advance(ms - 1);
    await turn();
    expect(outcome).toBe(undefined);
    clock.advance(1);
    expect(await failure(end)).toMatchObject({ code: 'PROVIDER_TIMEOUT', message: expect.stringContaining(what) });
    expect([model.counts.cancelled, clock.pending()]).toEqual([1, 0]);
  });

  test('an answer of which only the end of the stream is late is whole', async () => {
    const clock = createManualClock();
    const model = createScriptedModel([said('a'), finished('stop')], true);
    const end = askSdk(targetFor(model, { clock }), ask('m'), createCollectingSink(), never(), Number.MAX_SAFE_INTEGER);
    await turn();
    clock.advance(1_000);
    expect(await end).toMatchObject({ finish: 'stop' });
  });

  test('a sink that is full is waited for, and that is not the silence of the model', async () => {
    const clock = createManualClock();
    const model = createScriptedModel([said('a'), said('b'), finished('stop')]);
    const room = Promise.withResolvers<void>();
    let full: Promise<void> | undefined = room.promise;
    const sink = createCollectingSink({ full: () => full });
    const end = askSdk(targetFor(model, { clock }), ask('m'), sink, never(), Number.MAX_SAFE_INTEGER);
    await turn();
    clock.advance(5_000);
    await turn();
    expect([sink.deltas, model.counts.read]).toEqual([['a'], 1]);
    full = undefined;
    room.resolve();
    expect(await end).toMatchObject({ finish: 'stop' });
    expect(sink.deltas).toEqual(['a', 'b']);
  });
});
