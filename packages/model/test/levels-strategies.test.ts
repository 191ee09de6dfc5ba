import { type Message, OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import type { Level, Leveled, ModelRequest } from '../src/index.ts';
import { candidatesCritiqueVote, planSolveCheck } from '../src/levels/prompt/strategies.ts';
import { voteOf } from '../src/levels/prompt/vote.ts';
import { ask, brokerFor, failure, never } from './fixtures/brokers.ts';
import { createManualClock, hurry } from './fixtures/clocks.ts';
import { createScriptedHttp, events, finish, type Reply, status, text } from './fixtures/http.ts';
import { createCollectingSink } from './fixtures/sinks.ts';

const messages: readonly Message[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'How many?' },
];
const usage = { usage: { prompt_tokens: 10, completion_tokens: 5 } };
const says = (...deltas: string[]): Reply => events(...deltas.map(text), { ...finish('stop'), ...usage });

/** A question at this level through the broker, with the provider's replies in the order of the calls. */
async function run(level: Level, replies: readonly Reply[], more: Partial<ModelRequest> = {}) {
  const http = createScriptedHttp(replies);
  const clock = createManualClock();
  const leveled: Leveled[] = [];
  const sink = createCollectingSink({ leveled: (each) => leveled.push(each) });
  const broker = brokerFor({ baseUrl: 'http://p.test', reasoning: 'prompt' }, clock, http);
  const end = hurry(clock, broker.stream({ ...ask('m'), messages, level, ...more }, sink, never()));
  const outcome = await end.catch((error: unknown) => error);
  const asked = http.requests.map(({ body }) => (JSON.parse(body ?? '') as { readonly messages: readonly Message[] }).messages);
  return { sink, leveled, outcome, asked, thoughts: sink.thoughts.join(''), said: sink.deltas.join('') };
}

describe('level 3: plan, solve, check', () => {
  const replies = [says('First ', 'this.'), says('<think>hm</think>It is', ' 4.'), says('<thinking>4, ye', 's</thinking>\n', 'Fo', 'ur.')];

  test('three calls, of which all but the answer streams as thinking', async () => {
    const { sink, leveled, outcome, thoughts } = await run(3, replies);
    expect(sink.deltas).toEqual(['Fo', 'ur.']);
    expect(thoughts).toBe('Plan:\n\nFirst this.\n\nSolution:\n\nhmIt is 4.\n\nCheck:\n\n4, yes');
    expect(outcome).toMatchObject({ finish: 'stop', toolCalls: [], usage: { inputTokens: 30, outputTokens: 15 } });
    expect(leveled).toEqual([{ wanted: 3, sent: '{"strategy":"plan, solve, check"}' }]);
  });

  test('each call has what came before it, without its thoughts, and turns alternate', async () => {
    const { asked } = await run(3, replies);
    expect(asked.map((all) => all.map(({ role }) => role))).toEqual([
      ['system', 'user'],
      ['system', 'user', 'assistant', 'user'],
      ['system', 'user', 'assistant', 'user', 'assistant', 'user'],
    ]);
    expect([asked[2]?.[2]?.content, asked[2]?.[4]?.content]).toEqual(['First this.', 'It is 4.']);
    // The calls begin alike, so that a provider's cache serves them.
    expect(asked[2]?.slice(0, 4)).toEqual(asked[1]);
    expect(asked[1]?.slice(0, 2)).toEqual(asked[0]);
  });

  test('a check with no answer behind its thoughts is said to have none', async () => {
    const { said, leveled } = await run(3, [...replies.slice(0, 2), says('<thinking>4, yes')]);
    expect(said).toBe('');
    const sent = '{"strategy":"plan, solve, check"}';
    expect(leveled).toEqual([
      { wanted: 3, sent },
      { wanted: 3, sent, warning: expect.stringContaining('no answer') },
    ]);
  });

  test('a first call that fails before it says anything is made again; a later one is an error, and what was spent is told', async () => {
    expect((await run(3, [status(503), ...replies])).said).toBe('Four.');
    const { outcome, sink } = await run(3, [replies[0] as Reply, status(503)]);
    expect(outcome).toMatchObject({ code: 'PROVIDER_FAILED' });
    expect(sink.wasted).toEqual([expect.objectContaining({ inputTokens: 10, outputTokens: 5 })]);
  });
});

describe('level 4: candidates, critique, vote', () => {
  const candidates = [
    says('<thinking>a</thinking>So\n4'),
    says('<thinking>b</thinking>Hence\n**5**'),
    says('<thinking>c</thinking>It follows:\n5'),
  ];

  test('three answers side by side, of which the one with most votes is said', async () => {
    const { said, thoughts, outcome, asked, leveled } = await run(4, [...candidates, says('1 is off.\nBest: 3')]);
    expect(said).toBe('It follows:\n5');
    expect(thoughts).toBe(
      'Candidate 1:\n\nSo\n4\n\nCandidate 2:\n\nHence\n**5**\n\nCandidate 3:\n\nIt follows:\n5\n\nCritique:\n\n1 is off.\nBest: 3\n\n',
    );
    expect(outcome).toMatchObject({ finish: 'stop', usage: { inputTokens: 40, outputTokens: 20 } });
    expect(new Set(asked.slice(0, 3).map((all) => all[0]?.content)).size).toBe(3);
    expect(asked[3]?.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(asked[3]?.[2]?.content).not.toContain('<thinking>');
    expect(leveled).toEqual([{ wanted: 4, sent: '{"strategy":"candidates, critique, vote"}' }]);
  });

  test('one that fails is left out, one alone needs no critic, and none is an error', async () => {
    const without = await run(4, [candidates[0] as Reply, status(503), candidates[2] as Reply, says('Best: 2')]);
    expect([without.said, without.thoughts]).toEqual(['It follows:\n5', expect.stringContaining('Candidate 2:\n\nfailed')]);
    expect(without.asked).toHaveLength(4);
    const alone = await run(4, [status(503), status(503), candidates[2] as Reply]);
    expect([alone.said, alone.asked.length]).toEqual(['It follows:\n5', 3]);
    expect((await run(4, [status(401)])).outcome).toMatchObject({ code: 'PROVIDER_REFUSED' });
  });

  test('a candidate with nothing but thoughts is left out; where none has more, the first is the answer, and that is said', async () => {
    const none = says('<thinking>I ran on');
    const two = await run(4, [candidates[0] as Reply, none, candidates[2] as Reply, says('Best: 2')]);
    expect([two.said, two.asked.length, two.leveled.length]).toEqual(['It follows:\n5', 4, 1]);
    expect(two.asked[3]?.[2]?.content).toBe('Answer 1:\n\nSo\n4\n\nAnswer 2:\n\nIt follows:\n5');
    const alone = await run(4, [none, says(' \n'), candidates[2] as Reply]);
    expect([alone.said, alone.asked.length, alone.leveled.length]).toEqual(['It follows:\n5', 3, 1]);
    const nothing = await run(4, [status(503), none, none]);
    expect([nothing.said, nothing.asked.length]).toEqual(['', 3]);
    expect(nothing.outcome).toMatchObject({ finish: 'stop' });
    expect(nothing.leveled[1]).toMatchObject({ wanted: 4, warning: expect.stringContaining('no answer') });
  });

  test.each([
    [['4', '5', '5'], 'Best: 1', 0],
    [['4', '5', '5', '5'], 'Best: 1', 1],
    [['4', '5', '6'], 'I would say the best answer is 2', 1],
    [['4', '5', '5'], undefined, 1],
    [['4', '5', '6'], 'Best: 9', 0],
    [['so\nThe answer is **5**.', 'Answer: 5', '6'], undefined, 0],
    [['so\nThe answer is **5**.', 'Answer: 5', '6'], 'Best: 3', 2],
    [['', '', ''], '', 0],
  ])('%j and "%s" give %i', (all, critique, best) => {
    expect(voteOf(all, critique)).toBe(best);
  });
});

test.each([3, 4] as const)('beside tools, level %i is one call, told in words', async (level) => {
  const { asked, said, leveled } = await run(level, [says('<thinking>x</thinking>ok')], { tools: [{ name: 'f' }] });
  expect([asked.length, said, leveled[0]?.warning !== undefined]).toEqual([1, 'ok', level === 4]);
});

test('an abort ends all calls of a move', async () => {
  const http = createScriptedHttp([
    ({ signal }) => ({
      status: 200,
      headers: {},
      body: (async function* () {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        yield new Uint8Array();
      })(),
    }),
  ]);
  const stop = new AbortController();
  const broker = brokerFor({ baseUrl: 'http://p.test', reasoning: 'prompt' }, createManualClock(), http);
  const end = failure(broker.stream({ ...ask('m'), level: 4 }, createCollectingSink(), stop.signal));
  await expect.poll(() => http.requests.length).toBe(3);
  const reason = new OpenClawError('CANCELLED', 'enough');
  stop.abort(reason);
  expect(await end).toBe(reason);
  expect(http.requests.every(({ signal }) => signal.aborted)).toBe(true);
});

test('strategies are pure: the same answers lead to the same moves', () => {
  const moves = (strategy: typeof planSolveCheck) => {
    const seen: unknown[] = [];
    const playing = strategy(messages);
    for (let next = playing.next([]); !next.done; next = playing.next(['x\n1', 'y\n2', 'z\n2'])) seen.push(next.value);
    return seen;
  };
  for (const strategy of [planSolveCheck, candidatesCritiqueVote]) expect(moves(strategy)).toEqual(moves(strategy));
  expect(messages).toHaveLength(2);
});
