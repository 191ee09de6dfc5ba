import { applyRecord, decodeRecord, emptyFold, encodeRecord, NO_USAGE, type RunRecord, type WireRecord } from '@openclaw-runtime/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assembleFold, emptyFolded, foldRecords, type Parts, partIds } from '../src/hall/folding.ts';
import { packFolded, unpackFolded } from '../src/sqlite/snapshot-rows.ts';

/** What a step's log may do next; texts are long, so that some leave the fold. */
const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('text', 'thinking'),
      unit: fc.constantFrom('a', 'é', '\u{1f600}', '"\\\n', '\ud83d'),
      chars: fc.nat(40_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('supersede'),
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
      keepThinking: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('call') }) },
);
type Happening = typeof event extends fc.Arbitrary<infer T> ? T : never;

function logOf(happenings: readonly Happening[]): RunRecord[] {
  const texts = [encodeRecord('run.created', 0, 0, { agent: 'a', input: 'q', at: 0, fingerprint: 'f' })];
  let [step, attempt, open] = [0, 1, false];
  let said = { text: 0, thinking: 0 };
  for (const each of happenings) {
    if (!open) {
      texts.push(encodeRecord('step.started', ++step, (attempt = 1), { model: 'm' }));
      [open, said] = [true, { text: 0, thinking: 0 }];
    }
    if ('unit' in each) {
      const flow = each.kind as 'text' | 'thinking';
      const text = each.unit.repeat(each.chars);
      said[flow] += text.length;
      texts.push(encodeRecord(flow, step, attempt, text));
    } else if ('keep' in each) {
      said = { text: Math.floor(said.text * each.keep), thinking: Math.floor(said.thinking * each.keepThinking) };
      texts.push(
        encodeRecord('step.started', step, attempt + 1, {
          model: 'm',
          supersedes: attempt++,
          keep: said.text,
          keepThinking: said.thinking,
        }),
      );
    } else if (each.kind === 'call') {
      texts.push(encodeRecord('tool.called', step, attempt, { id: 'c', name: 'n', arguments: '{}' }));
    } else {
      texts.push(encodeRecord('step.ended', step, attempt, { finish: 'stop', usage: { ...NO_USAGE, outputTokens: 1 } }));
      open = false;
    }
  }
  return texts.map((text, i) => decodeRecord(JSON.parse(text) as WireRecord, i + 1));
}

function createParts(): Parts & { readonly texts: Map<number, string> } {
  const texts = new Map<number, string>();
  let last = 0;
  return {
    texts,
    put(text) {
      texts.set(++last, text);
      return last;
    },
    get: (id) => texts.get(id) as string,
    drop: (id) => expect(texts.delete(id)).toBe(true),
  };
}

test('a fold kept in parts, made in any steps, is the fold; parts that it does not name are gone', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), fc.array(fc.nat(12), { minLength: 1, maxLength: 10 }), (happenings, strides) => {
      const records = logOf(happenings);
      const whole = emptyFold();
      const parts = createParts();
      let kept = packFolded(emptyFolded());
      for (let at = 0, turn = 0; at < records.length; turn++) {
        const some = records.slice(at, at + 1 + (strides[turn % strides.length] as number));
        const folded = unpackFolded(kept);
        foldRecords(folded, some, parts);
        for (const record of some) applyRecord(whole, record);
        kept = packFolded(folded);
        at += some.length;
        expect(kept.fold.length).toBeLessThan(1_000_000);
        expect(assembleFold(unpackFolded(kept), parts.get) === JSON.stringify(whole)).toBe(true);
        expect([...parts.texts.keys()].sort()).toEqual(partIds(unpackFolded(kept)).sort());
      }
    }),
    { numRuns: 60 },
  );
});
