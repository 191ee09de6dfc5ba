import {
  applyRecord,
  decodeRecord,
  emptyFold,
  encodeRecord,
  foldText,
  type Kind,
  NO_USAGE,
  type Payloads,
  type RunRecord,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import { expect, test } from 'vitest';
import { RunTeller } from '../../src/openclaw/telling/teller.ts';
import type { Told } from '../../src/openclaw/telling/told.ts';
import { levelOf, THINKING_WORDS, thinkingWord, wordOf } from '../../src/openclaw/words/thinking.ts';
import { problemsOf } from './schema.ts';

const ABOUT = { runId: 'mine', sessionKey: 'agent:default:main', agentId: 'default' };

class Log {
  readonly records: RunRecord[] = [];

  add<K extends Kind>(kind: K, step: number, attempt: number, data: Payloads[K]): RunRecord {
    const record = decodeRecord(JSON.parse(encodeRecord(kind, step, attempt, data)) as WireRecord, this.records.length + 1);
    this.records.push(record);
    return record;
  }
}

function begun(): { readonly log: Log; readonly teller: RunTeller } {
  const log = new Log();
  const teller = new RunTeller('r', ABOUT, { tools: true, approvals: true });
  teller.take(log.add('run.created', 0, 0, { agent: 'default', input: 'hi', at: 1_000, fingerprint: 'f' }));
  teller.take(log.add('step.started', 1, 1, { model: 'm' }));
  return { log, teller };
}

function told(teller: RunTeller): readonly Record<string, unknown>[] {
  const news = teller.tell();
  for (const { event, payload } of news.filter(({ event }) => event === 'chat' || event === 'agent'))
    expect(problemsOf(event === 'chat' ? 'ChatEvent' : 'AgentEvent', payload)).toEqual([]);
  return news.map(({ event, payload }: Told) => ({ event, ...payload }));
}

test('a run is told from its records: its start, what it says, and its end, each once', () => {
  const { log, teller } = begun();
  expect(told(teller)).toMatchObject([
    { event: 'agent', stream: 'lifecycle', data: { phase: 'start', startedAt: 1_000 } },
    { event: 'chat', state: 'status', phase: 'starting_model', seq: 2 },
  ]);
  expect(told(teller)).toEqual([]);
  teller.take(log.add('text', 1, 1, 'Hel'));
  teller.take(log.add('text', 1, 1, 'lo'));
  expect(told(teller)).toMatchObject([
    { event: 'agent', stream: 'assistant', data: { delta: 'Hello', text: 'Hello' } },
    {
      event: 'chat',
      state: 'delta',
      seq: 4,
      deltaText: 'Hello',
      message: { role: 'assistant', content: [{ type: 'text', text: 'Hello' }] },
    },
  ]);
  teller.take(log.add('text', 1, 1, ' there'));
  teller.take(log.add('step.ended', 1, 1, { finish: 'stop', usage: NO_USAGE }));
  teller.take(
    log.add('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: { ...NO_USAGE, inputTokens: 3, outputTokens: 2 } }),
  );
  expect(told(teller)).toMatchObject([
    { event: 'agent', stream: 'assistant', data: { delta: ' there' } },
    {
      event: 'chat',
      state: 'final',
      seq: 7,
      stopReason: 'stop',
      message: { content: [{ type: 'text', text: 'Hello there' }], model: 'm' },
      usage: { input: 3, output: 2, totalTokens: 5 },
    },
    { event: 'agent', stream: 'lifecycle', data: { phase: 'end' } },
  ]);
});

test('what was said and does not stand is replaced', () => {
  const { log, teller } = begun();
  teller.take(log.add('text', 1, 1, 'one two three'));
  told(teller);
  teller.take(log.add('step.started', 1, 2, { model: 'm', supersedes: 1, keep: 4 }));
  teller.take(log.add('text', 1, 2, 'more'));
  expect(told(teller).at(-1)).toMatchObject({ state: 'delta', replace: true, deltaText: 'one more' });
});

test('tools are told as they begin and end, and only to those who can show them', () => {
  const { log, teller } = begun();
  told(teller);
  teller.take(log.add('tool.called', 1, 1, { id: 'c1', name: 'calc', arguments: '{"expression":"6*7"}' }));
  teller.take(log.add('tool.result', 1, 1, { id: 'c1', name: 'calc', ms: 1, content: '42' }));
  expect(told(teller)).toMatchObject([
    { stream: 'tool', data: { phase: 'start', toolCallId: 'c1', name: 'calc', args: { expression: '6*7' } } },
    { stream: 'tool', data: { phase: 'result', isError: false, result: { content: [{ type: 'text', text: '42' }] } } },
  ]);
  const blind = new RunTeller('r', ABOUT, { tools: false, approvals: false });
  for (const record of log.records) blind.take(record);
  expect(told(blind).filter(({ stream }) => stream === 'tool')).toEqual([]);
});

test('whether a tool may be called is asked once, also of who joins later, until it is answered', () => {
  const { log, teller } = begun();
  teller.skip();
  const asked = { id: '1.c1', about: 'tool', name: 'shell', text: '{"command":"ls"}', hash: 'h', expiresAt: 5_000 } as const;
  teller.take(log.add('approval.asked', 1, 1, asked));
  teller.skip();
  expect(told(teller)).toMatchObject([
    {
      event: 'plugin.approval.requested',
      id: 'r.1.c1',
      request: { toolName: 'shell', description: '{"command":"ls"}' },
      expiresAtMs: 5_000,
    },
  ]);
  expect(told(teller)).toEqual([]);
  expect(teller.approvals).toHaveLength(1);
  teller.take(log.add('approval.given', 0, 0, { id: '1.c1', answer: 'allow', command: 'c' }));
  expect(told(teller)).toEqual([{ event: 'plugin.approval.resolved', id: 'r.1.c1', decision: 'allow-once' }]);
  expect(teller.approvals).toEqual([]);
});

test.each([
  [{ status: 'cancelled', by: 'x', usage: NO_USAGE } as const, { state: 'aborted', stopReason: 'aborted' }],
  [
    { status: 'failed', error: { code: 'PROVIDER_FAILED', message: 'It broke off.' }, usage: NO_USAGE } as const,
    { state: 'error', errorMessage: 'It broke off.', errorKind: 'unknown' },
  ],
  [
    { status: 'timed_out', error: { code: 'PROVIDER_TIMEOUT', message: 'Silence.' }, usage: NO_USAGE } as const,
    { state: 'error', errorKind: 'timeout' },
  ],
])('an end is told as it was: %j', (outcome, expected) => {
  const { log, teller } = begun();
  teller.take(log.add('text', 1, 1, 'so far'));
  teller.take(log.add('run.finished', 0, 0, outcome));
  const end = told(teller).find(({ event, state }) => event === 'chat' && state !== 'status');
  expect(end).toMatchObject({ ...expected, message: { content: [{ text: 'so far' }] } });
});

test('whoever was told the beginning is told the rest only, and a log that begins anew corrects what was said', () => {
  const { log, teller } = begun();
  teller.take(log.add('text', 1, 1, 'known '));
  teller.skip();
  teller.take(log.add('text', 1, 1, 'new'));
  expect(told(teller)).toMatchObject([
    { stream: 'assistant' },
    { state: 'delta', deltaText: 'new', message: { content: [{ text: 'known new' }] } },
  ]);
  teller.reset();
  const fold = emptyFold();
  for (const record of log.records.slice(0, 3)) applyRecord(fold, record);
  expect(foldText(fold)).toBe('known ');
  teller.takeFold(fold, log.records[0]?.data as Payloads['run.created']);
  expect(told(teller).at(-1)).toMatchObject({ replace: true, deltaText: 'known ' });
});

test('every word for thinking has a level, and levels have words', () => {
  expect(THINKING_WORDS.map((word) => levelOf(word))).toEqual([1, 2, 2, 3, 3, 4, 'auto', 4, 4]);
  expect(([1, 2, 3, 4, 'auto'] as const).map(wordOf)).toEqual(['off', 'low', 'medium', 'xhigh', 'adaptive']);
  expect(thinkingWord(' High ')).toBe('high');
  expect(() => thinkingWord('much')).toThrow(/off, minimal, low/);
});
