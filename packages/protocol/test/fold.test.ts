import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyRecord,
  decodeRecord,
  emptyFold,
  foldText,
  foldThinking,
  foldToolCalls,
  type RunFold,
  type WireRecord,
} from '../src/index.ts';

const usage = (n: number) => ({ inputTokens: n, outputTokens: n, reasoningTokens: 0, cachedTokens: 0 });

function foldOf(...records: readonly WireRecord[]): RunFold {
  const fold = emptyFold();
  records.forEach((wire, index) => applyRecord(fold, decodeRecord(wire, index + 1)));
  return fold;
}

describe('fold', () => {
  test('gathers text, thinking, tool calls and usage over steps', () => {
    const call = { id: '1', name: 'look', arguments: '{}' };
    const fold = foldOf(
      ['run.created', 0, 0, { agent: 'default', input: 'hi', at: 1, fingerprint: 'f' }],
      ['step.started', 1, 1, { model: 'm' }],
      ['thinking', 1, 1, 'hm'],
      ['text', 1, 1, 'one '],
      ['tool.called', 1, 1, call],
      ['step.ended', 1, 1, { finish: 'tool_calls', usage: usage(2) }],
      ['step.started', 2, 1, { model: 'm' }],
      ['text', 2, 1, 'two'],
      ['step.ended', 2, 1, { finish: 'stop', usage: usage(3) }],
      ['run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: usage(5) }],
    );
    expect(foldText(fold)).toBe('one two');
    expect(foldThinking(fold)).toBe('hm');
    expect(foldToolCalls(fold)).toEqual([call]);
    expect(fold.usage).toEqual(usage(5));
    expect(fold.outcome?.status).toBe('completed');
    expect(fold.seq).toBe(10);
    expect(fold.steps.map((step) => step.ended)).toEqual([true, true]);
  });

  test('a new attempt keeps the common prefix and forgets the rest (4.6)', () => {
    const fold = foldOf(
      ['step.started', 1, 1, { model: 'm' }],
      ['thinking', 1, 1, 'abcdef'],
      ['text', 1, 1, 'the quick brown'],
      ['tool.called', 1, 1, { id: '1', name: 'n', arguments: '' }],
      ['step.started', 1, 2, { model: 'm', supersedes: 1, keep: 4, keepThinking: 2 }],
      ['thinking', 1, 2, 'X'],
      ['text', 1, 2, 'slow green'],
    );
    expect(foldText(fold)).toBe('the slow green');
    expect(foldThinking(fold)).toBe('abX');
    expect(foldToolCalls(fold)).toEqual([]);
    expect(fold.steps).toHaveLength(1);
    expect(fold.steps[0]?.attempt).toBe(2);
  });

  test('without keep, nothing of the old attempt stays; finished steps are untouched', () => {
    const fold = foldOf(
      ['step.started', 1, 1, { model: 'm' }],
      ['text', 1, 1, 'first. '],
      ['step.ended', 1, 1, { finish: 'stop', usage: usage(1) }],
      ['step.started', 2, 1, { model: 'm' }],
      ['text', 2, 1, 'lost'],
      ['step.started', 2, 2, { model: 'm', supersedes: 1 }],
      ['text', 2, 2, 'second'],
    );
    expect(foldText(fold)).toBe('first. second');
  });

  test('text of an attempt that is not open is a defect, not silently kept', () => {
    expect(() => foldOf(['step.started', 1, 2, { model: 'm' }], ['text', 1, 1, 'zombie'])).toThrow('not the open one');
    expect(() => foldOf(['text', 1, 1, 'nothing open'])).toThrow('not the open one');
  });

  test('kinds it does not know count but change nothing (4.2)', () => {
    const fold = foldOf(['step.started', 1, 1, { model: 'm' }], ['weather.changed' as 'text', 0, 0, 'rain'], ['text', 1, 1, 'a']);
    expect(fold.seq).toBe(3);
    expect(foldText(fold)).toBe('a');
  });

  test('a fold that travelled as JSON goes on like one that did not (5.5)', () => {
    const piece = fc.string({ unit: 'binary', maxLength: 6 });
    const event = fc.oneof(
      fc.record({ kind: fc.constantFrom<'text' | 'thinking'>('text', 'thinking'), piece }),
      fc.record({ kind: fc.constant<'again'>('again'), keep: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), fc.nat(20), (events, cut) => {
        let attempt = 1;
        const records: WireRecord[] = [['step.started', 1, 1, { model: 'm' }]];
        for (const it of events) {
          if (it.kind === 'again') records.push(['step.started', 1, ++attempt, { model: 'm', supersedes: attempt - 1, keep: it.keep }]);
          else records.push([it.kind, 1, attempt, it.piece]);
        }
        const straight = foldOf(...records);
        const travelled = records.reduce((fold, wire, index) => {
          const here = index === cut ? (JSON.parse(JSON.stringify(fold)) as RunFold) : fold;
          applyRecord(here, decodeRecord(wire, index + 1));
          return here;
        }, emptyFold());
        expect(travelled).toEqual(straight);
      }),
    );
  });
});
