import { encodeRecord, NO_USAGE, type Payloads } from '@openclaw-runtime/protocol';
import { type Lease, runKey } from '@openclaw-runtime/store';
import { expect, test } from 'vitest';
import type { EndedSpan } from '../src/machine/span.ts';
import { createContent } from '../src/tracing/content.ts';
import { headersOf, traceOf } from '../src/tracing/context.ts';
import { RunSpans } from '../src/tracing/run-spans.ts';
import { TracedLease } from '../src/tracing/traced-lease.ts';

const KEY = runKey('t', 'run');
const CALLER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a trace begins with a run, or goes on where the caller says; runs of one task are in one', () => {
  const own = traceOf(KEY, {}, 1);
  expect(own).toEqual(traceOf(KEY, {}, 1));
  expect(own.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(own).not.toHaveProperty('parentId');
  const child = traceOf(runKey('t', 'child'), { parent: { run: 'run', name: 'c', depth: 1, root: 'run' } }, 1);
  expect(child).toMatchObject({ traceId: own.traceId, parentId: own.spanId });
  expect(traceOf(runKey('other', 'run'), {}, 1).traceId).not.toBe(own.traceId);
  const given = traceOf(KEY, { trace: { parent: CALLER, state: 'a=b' } }, 0);
  expect(given).toMatchObject({ traceId: CALLER.slice(3, 35), parentId: 'b7ad6b7169203331', state: 'a=b', isSampled: true });
  expect(headersOf(given, given.spanId)).toEqual({ traceparent: `00-${given.traceId}-${given.spanId}-01`, tracestate: 'a=b' });
  expect(traceOf(KEY, { trace: { parent: CALLER.replace(/-01$/, '-00') } }, 1).isSampled).toBe(false);
  for (const state of ['a=b\r\nx: y', 'a=\u00e9', 'a=\u{1f600}'])
    expect(traceOf(KEY, { trace: { parent: CALLER, state } }, 1)).not.toHaveProperty('state');
  for (const wrong of ['', CALLER.slice(1), CALLER.replace('b7ad6b7169203331', '0000000000000000')])
    expect(traceOf(KEY, { trace: { parent: wrong } }, 1), wrong).toEqual(own);
});

test('as large a part is traced as is asked for', () => {
  const part = (sample: number): number =>
    Array.from({ length: 4_000 }, (_, i) => traceOf(runKey('t', `r${i}`), {}, sample)).filter(({ isSampled }) => isSampled).length / 4_000;
  expect(part(0)).toBe(0);
  expect(part(1)).toBe(1);
  expect(part(0.25)).toBeGreaterThan(0.2);
  expect(part(0.25)).toBeLessThan(0.3);
});

function spansOf(
  records: readonly string[],
  asked: Partial<Payloads['run.created']> = {},
  content?: ReturnType<typeof createContent>,
  copied = 0,
) {
  const spans: EndedSpan[] = [];
  let wallMs = 1_000;
  const created = { agent: 'default', input: 'a question', at: 900, fingerprint: 'f', ...asked };
  const options = {
    sink: (span: EndedSpan) => spans.push(span),
    clock: { wall: () => (wallMs += 10) },
    providerOf: () => 'openai',
    content,
  };
  const lease = { append: () => undefined } as unknown as Lease;
  new TracedLease(lease, new RunSpans(KEY, created, traceOf(KEY, created, 1), options), copied).append(records, 'process');
  return spans;
}

const STARTED = encodeRecord('step.started', 1, 1, { model: 'm' });
const TEXT = encodeRecord('text', 1, 1, 'my key is secret-value');
const ENDED = encodeRecord('step.ended', 1, 1, { finish: 'stop', usage: { ...NO_USAGE, inputTokens: 5, outputTokens: 7 } });
const DONE = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });

test('content is in spans only where it is wanted, and without secrets', () => {
  const bare = JSON.stringify(spansOf([STARTED, TEXT, ENDED, DONE]));
  expect(bare).not.toContain('secret-value');
  expect(bare).not.toContain('a question');
  const content = createContent((text) => text.replace('secret-value', '[secret]'));
  const [chat, run] = spansOf([STARTED, TEXT, ENDED, DONE], {}, content);
  expect(JSON.parse(String(chat?.attributes['gen_ai.output.messages']))).toEqual([
    { role: 'assistant', parts: [{ type: 'text', content: 'my key is [secret]' }], finish_reason: 'stop' },
  ]);
  expect(run?.attributes['gen_ai.input.messages']).toContain('a question');
  // One that stands where a long text is cut.
  expect(content.text(`${'x'.repeat(16_384 - 9)}secret-value`)).toBe(`${'x'.repeat(16_384 - 9)}[secret]`);
  expect(content.text(`${'x'.repeat(16_384 - 6)}secret-value`)).not.toContain('xsecret');
});

test('a call that was denied has no span, one that ran has, and so has one that an owner before began', () => {
  const call = (id: string) => encodeRecord('tool.called', 1, 1, { id, name: 'calc', arguments: '{}' });
  const result = (id: string, ms: number, code?: 'TOOL_FAILED') =>
    encodeRecord('tool.result', 1, 1, { id, name: 'calc', ms, content: 'x', ...(code && { error: { code, message: 'm' } }) });
  const started = encodeRecord('tool.started', 1, 1, { id: 'b', name: 'calc', key: 'k' });
  const names = spansOf([call('a'), result('a', 0), call('b'), started, result('b', 3, 'TOOL_FAILED'), result('c', 40)]);
  expect(names.map(({ name, attributes, error }) => [name, attributes['gen_ai.tool.call.id'], error])).toEqual([
    ['execute_tool calc', 'b', 'TOOL_FAILED'],
    ['execute_tool calc', 'c', undefined],
  ]);
});

test('a call that was under way when its run was cancelled has a span that says so', () => {
  const call = encodeRecord('tool.called', 1, 1, { id: 'a', name: 'calc', arguments: '{}' });
  const started = encodeRecord('tool.started', 1, 1, { id: 'a', name: 'calc', key: 'k' });
  const cancelled = encodeRecord('run.finished', 0, 0, { status: 'cancelled', by: 'somebody', usage: NO_USAGE });
  expect(spansOf([STARTED, ENDED, call, started, cancelled]).map(({ name, error }) => [name, error])).toEqual([
    ['chat m', undefined],
    ['execute_tool calc', 'cancelled'],
    ['invoke_agent default', undefined],
  ]);
  expect(spansOf([STARTED, ENDED, call, cancelled])).toHaveLength(2);
});

test('a run that fails in a step ends both spans with the error; what a fork copied makes none', () => {
  const failed = encodeRecord('run.finished', 0, 0, {
    status: 'failed',
    error: { code: 'PROVIDER_FAILED', message: 'said the secret-value' },
    usage: NO_USAGE,
  });
  const spans = spansOf([STARTED, failed]);
  expect(spans.map(({ name, error }) => [name, error])).toEqual([
    ['chat m', 'PROVIDER_FAILED'],
    ['invoke_agent default', 'PROVIDER_FAILED'],
  ]);
  expect(JSON.stringify(spans)).not.toContain('secret-value');
  expect(spansOf([STARTED, TEXT, ENDED, STARTED.replace(',1,1,', ',2,1,'), DONE], {}, undefined, 3)).toHaveLength(2);
});
