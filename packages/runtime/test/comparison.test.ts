import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createComparison } from '../src/run/comparison.ts';

interface Seen {
  text: string;
  thinking: string;
  superseded: number;
  keeps: number[];
}

/** What a client has after the new answer came in these deltas. */
function play(delivered: { text: string; thinking: string }, deltas: readonly (readonly ['text' | 'thinking', string])[]): Seen {
  const seen: Seen = { ...delivered, superseded: 0, keeps: [] };
  const comparison = createComparison(
    { attempt: 1, ...delivered },
    {
      differs(keep, keepThinking) {
        seen.superseded++;
        seen.keeps.push(keep);
        seen.text = seen.text.slice(0, keep);
        seen.thinking = seen.thinking.slice(0, keepThinking);
      },
      fresh(flow, delta) {
        seen[flow] += delta;
      },
    },
  );
  for (const [flow, delta] of deltas) comparison.delta(flow, delta);
  comparison.end();
  return seen;
}

/** Strings that agree often, with pairs that can be torn. */
const words = fc.array(fc.constantFrom('a', 'b', '😀', '😁', '中'), { maxLength: 8 }).map((parts) => parts.join(''));
const cut = (text: string): fc.Arbitrary<string[]> =>
  fc.array(fc.nat(Math.max(text.length, 1)), { maxLength: 5 }).map((places) => {
    const at = [0, ...places.sort((a, b) => a - b), text.length];
    return at
      .slice(1)
      .map((end, i) => text.slice(at[i], end))
      .filter((part) => part !== '');
  });
const answers = fc
  .record({ oldText: words, oldThinking: words, text: words, thinking: words })
  .chain((all) => fc.record({ all: fc.constant(all), text: cut(all.text), thinking: cut(all.thinking) }));

test('in whatever order text and thinking come', () => {
  fc.assert(
    fc.property(answers, fc.infiniteStream(fc.boolean()), ({ all, text, thinking }, coin) => {
      const deltas: (readonly ['text' | 'thinking', string])[] = [];
      const [left, right] = [[...text], [...thinking]];
      for (const heads of coin) {
        if (left.length === 0 && right.length === 0) break;
        const [flow, from] =
          heads && left.length > 0
            ? (['text', left] as const)
            : right.length > 0
              ? (['thinking', right] as const)
              : (['text', left] as const);
        deltas.push([flow, from.shift() as string]);
      }
      const seen = play({ text: all.oldText, thinking: all.oldThinking }, deltas);
      expect({ text: seen.text, thinking: seen.thinking }).toEqual({ text: all.text, thinking: all.thinking });
    }),
    { numRuns: 3_000 },
  );
});

test('whatever was delivered and whatever comes, in whatever pieces: the client ends with the new answer, exactly', () => {
  fc.assert(
    fc.property(answers, ({ all, text, thinking }) => {
      const deltas = [...thinking.map((part) => ['thinking', part] as const), ...text.map((part) => ['text', part] as const)];
      const seen = play({ text: all.oldText, thinking: all.oldThinking }, deltas);
      expect({ text: seen.text, thinking: seen.thinking }).toEqual({ text: all.text, thinking: all.thinking });
      expect(seen.superseded).toBeLessThanOrEqual(1);
      for (const keep of seen.keeps) {
        const unit = all.oldText.charCodeAt(keep - 1);
        expect(keep > 0 && keep < all.oldText.length && unit >= 0xd800 && unit <= 0xdbff).toBe(false);
      }
    }),
    { numRuns: 5_000 },
  );
});

test('an answer that begins with all that was delivered supersedes nothing', () => {
  expect(
    play({ text: 'one two', thinking: 'hm' }, [
      ['thinking', 'hm'],
      ['text', 'one'],
      ['text', ' two three'],
    ]),
  ).toEqual({
    text: 'one two three',
    thinking: 'hm',
    superseded: 0,
    keeps: [],
  });
});

test('an answer that is shorter supersedes at its end', () => {
  expect(play({ text: 'one two', thinking: '' }, [['text', 'one']])).toMatchObject({ text: 'one', superseded: 1, keeps: [3] });
});

test('other thinking takes the text that followed the old thinking with it', () => {
  expect(
    play({ text: 'answer', thinking: 'first' }, [
      ['thinking', 'fi'],
      ['thinking', 'ddle'],
      ['text', 'answer'],
    ]),
  ).toMatchObject({
    text: 'answer',
    thinking: 'fiddle',
    superseded: 1,
    keeps: [0],
  });
});
