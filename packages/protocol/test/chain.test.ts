import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHAIN_START, chain, decodeRecord, encodeRecord, type Kind, type Payloads, type WireRecord } from '../src/index.ts';

const over = (texts: readonly string[]): number => texts.reduce(chain, CHAIN_START);

/** Any UTF-16 text, lone surrogates included. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units));
const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4, noUnicodeString: false }),
  fc.dictionary(
    fc.oneof(anyText, fc.constantFrom('__proto__', 'constructor', 'toJSON', '1', '-1')),
    fc.oneof(anyText, fc.double(), fc.boolean()),
    {
      noNullPrototype: true,
    },
  ),
);

describe('chain (PROTOCOL.md 4.3)', () => {
  test('stays what it was when it was released', () => {
    expect(chain(CHAIN_START, '')).toBe(1742063467271669);
    expect(chain(CHAIN_START, '["text",1,1,"hello"]')).toBe(2989838182023384);
    expect(over(['["text",1,1,"héllo 😀"]', '["text",1,1,"\\ud800"]'])).toBe(2808550583866827);
  });

  test('is a safe integer, and uses all of its 53 bits', () => {
    let bits = 0n;
    fc.assert(
      fc.property(fc.maxSafeNat(), anyText, (previous, text) => {
        const h = chain(previous, text);
        expect(Number.isSafeInteger(h) && h >= 0).toBe(true);
        bits |= BigInt(h);
      }),
    );
    expect(bits.toString(2).length).toBe(53);
  });

  test('differs when a record is changed, dropped, doubled or swapped', () => {
    fc.assert(
      fc.property(fc.array(anyText, { minLength: 2, maxLength: 12 }), fc.nat(), (texts, pick) => {
        const at = pick % texts.length;
        const whole = over(texts);
        expect(over(texts.toSpliced(at, 1, `${texts[at]}x`))).not.toBe(whole);
        expect(over(texts.toSpliced(at, 1))).not.toBe(whole);
        expect(over(texts.toSpliced(at, 0, texts[at] as string))).not.toBe(whole);
        const next = (at + 1) % texts.length;
        if (texts[at] !== texts[next]) {
          expect(over(texts.with(at, texts[next] as string).with(next, texts[at] as string))).not.toBe(whole);
        }
      }),
    );
  });

  test('does not collide over many similar records', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 50_000; i++) seen.add(chain(CHAIN_START, `["text",1,1,"${i}"]`));
    expect(seen.size).toBe(50_000);
  });
});

describe('record (PROTOCOL.md 4.1)', () => {
  test('what the server hashes is what a client gets by parsing and writing it again', () => {
    fc.assert(
      fc.property(anyJson, anyText, fc.nat(9), (feedback, command, step) => {
        const text = encodeRecord('feedback.given', step, 1, { command, feedback });
        const again = JSON.stringify(JSON.parse(text));
        expect(again).toBe(text);
        expect(chain(CHAIN_START, again)).toBe(chain(CHAIN_START, text));
      }),
      { numRuns: 500 },
    );
  });

  test('text with its deltas survives the round trip', () => {
    fc.assert(
      fc.property(fc.constantFrom<'text' | 'thinking'>('text', 'thinking'), fc.array(anyText, { minLength: 1 }), (kind, deltas) => {
        const lengths = deltas.map((delta) => delta.length);
        const text = encodeRecord(kind, 2, 3, deltas.join(''), lengths);
        const wire = JSON.parse(text) as WireRecord;
        expect(JSON.stringify(wire)).toBe(text);
        expect(decodeRecord(wire, 7)).toEqual({
          kind,
          seq: 7,
          step: 2,
          attempt: 3,
          data: deltas.join(''),
          ...(deltas.length > 1 ? { deltas: lengths } : {}),
        });
      }),
    );
  });

  test('every kind of record keeps its payload', () => {
    const usage = { inputTokens: 1, outputTokens: 2, reasoningTokens: 0, cachedTokens: 0 };
    const samples: { readonly [K in Kind]: Payloads[K] } = {
      'run.created': { agent: 'default', input: 'hi', at: 1, fingerprint: 'f' },
      'level.chosen': { level: 2, model: 'm', why: ['w'], score: 0.5, wanted: 3, caps: ['budget'], judged: usage },
      'level.set': { command: 'c', level: 'auto' },
      'step.started': { model: 'm', supersedes: 1, keep: 2, keepThinking: 0 },
      'step.retried': { error: { code: 'PROVIDER_FAILED', message: 'x' }, delayMs: 5 },
      'step.queued': { model: 'm', ahead: 3 },
      'step.resumed': { by: 'continue' },
      'step.responding': { response: 'r' },
      text: 'a',
      thinking: 'b',
      'tool.called': { id: '1', name: 'n', arguments: '{' },
      'tool.started': { id: '1', name: 'n', key: 'k' },
      'tool.result': { id: '1', name: 'n', ms: 3, content: 'c', error: { code: 'TOOL_FAILED', message: 'x' } },
      'approval.asked': { id: 'a', about: 'tool', name: 'n', text: '{}', hash: 'h', expiresAt: 9 },
      'approval.given': { id: 'a', answer: 'allow', command: 'c' },
      'piece.done': { what: 'step', name: 'n', n: 0, ms: 4, value: '1' },
      'state.saved': { version: 1, state: '{}' },
      event: { name: 'n', data: [1] },
      'child.started': { child: 'r', agent: 'a', name: 'n' },
      'child.finished': { child: 'r', name: 'n', status: 'completed' },
      'thread.lost': { error: { code: 'AGENT_HUNG', message: 'x' }, restarts: 1 },
      'tier.changed': { tier: 3, from: 0, of: 'model', name: 'm', why: 'w' },
      'step.ended': { finish: 'stop', usage },
      'cancel.requested': { command: 'c' },
      'message.given': { command: 'c', mode: 'steer', text: 't' },
      'feedback.given': { command: 'c', feedback: null },
      'budget.settled': { call: '1.1', model: 'm', day: '2026-01-31', microUsd: 5, tokens: 6, ms: 7, lost: true },
      'budget.lowered': { call: '1.1', from: 3, to: 2 },
      'budget.paused': {
        scope: 'task',
        name: 'r',
        unit: 'usd',
        limit: 1,
        spent: 0.5,
        needed: 0.75,
        at: 1,
        until: 2,
        child: 'c',
        outcome: { status: 'budget_exhausted', error: { code: 'BUDGET_EXHAUSTED', message: 'x' }, usage },
      },
      'budget.resumed': { at: 2, pausedMs: 1 },
      'budget.added': { command: 'c', usd: 1 },
      'run.finished': { status: 'completed', reason: 'stop', usage },
    };
    for (const [kind, data] of Object.entries(samples)) {
      const record = decodeRecord(JSON.parse(encodeRecord(kind as Kind, 1, 1, data)) as WireRecord, 1);
      expect(record).toEqual({ kind, seq: 1, step: 1, attempt: 1, data });
    }
  });
});
