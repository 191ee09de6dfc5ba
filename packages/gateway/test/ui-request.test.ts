/** What a page sends of a chat, as a run's input. */
import { OpenClawError } from '@openclaw-runtime/protocol';
import { runRequestSchema } from '@openclaw-runtime/protocol/schema';
import { anything, array, assert, constantFrom, dictionary, option, property, record, string } from 'fast-check';
import { expect, test } from 'vitest';
import { parseUiChat, UI_LEASE_MS } from '../src/ui-stream/request.ts';

const user = { id: 'u1', role: 'user', parts: [{ type: 'text', text: 'Hi.' }] };
const parse = (more: object = {}): ReturnType<typeof parseUiChat> => parseUiChat({ id: 'c', messages: [user], ...more });

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof OpenClawError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'nothing';
}

test('asks an agent or a model, for as long as somebody waits, or in the background', () => {
  expect(parse()).toEqual({
    chat: 'c',
    run: { input: [{ role: 'user', content: 'Hi.' }], door: { api: 'ui', model: 'agent:default', chat: 'c', leaseMs: UI_LEASE_MS } },
  });
  expect(parse({ model: 'agent:coder', background: true, openclaw: { level: 3 } }).run).toMatchObject({ agent: 'coder', level: 3 });
  expect(parse({ background: true }).run.door).not.toHaveProperty('leaseMs');
  expect(parse({ model: 'm' }).run).toMatchObject({ model: 'm' });
});

test('each step of an answer is a message, with the results of its calls; thoughts and what was done here are not told again', () => {
  const parts = [
    { type: 'step-start' },
    { type: 'reasoning', text: 'Hm.' },
    { type: 'text', text: 'Let me look.' },
    { type: 'tool-look', toolCallId: 'c1', state: 'output-available', input: { at: 1 }, output: { sky: 'grey' } },
    { type: 'tool-feel', toolCallId: 'c2', state: 'output-error', input: {}, errorText: 'Too cold.' },
    { type: 'tool-wait', toolCallId: 'c3', state: 'input-available', input: {} },
    { type: 'dynamic-tool', toolName: 'own', toolCallId: 'c4', state: 'output-available', input: {}, output: 'x', providerExecuted: true },
    { type: 'data-approval', data: {} },
    { type: 'step-start' },
    { type: 'text', text: 'It is grey.' },
  ];
  const { run } = parse({ messages: [user, { id: 'a1', role: 'assistant', parts, metadata: {} }] });
  const call = (id: string, name: string, args = '{}') => ({ id, name, arguments: args });
  expect(run.input).toEqual([
    { role: 'user', content: 'Hi.' },
    {
      role: 'assistant',
      content: 'Let me look.',
      toolCalls: [call('c1', 'look', '{"at":1}'), call('c2', 'feel'), call('c3', 'wait')],
    },
    { role: 'tool', toolCallId: 'c1', content: '{"sky":"grey"}' },
    { role: 'tool', toolCallId: 'c2', content: 'Too cold.' },
    { role: 'tool', toolCallId: 'c3', content: 'The call was not answered.' },
    { role: 'assistant', content: 'It is grey.' },
  ]);
  expect(run.door).toMatchObject({ message: 'a1' });
});

test('says what is wrong', () => {
  for (const [more, what] of [
    [{ id: '' }, /^BAD_REQUEST id: /],
    [{ messages: [] }, /^BAD_REQUEST messages: /],
    [{ messages: [{ role: 'tool', parts: [] }] }, /^BAD_REQUEST messages\.0\.role: /],
    [
      { messages: [{ role: 'user', parts: [{ type: 'file', url: 'http://x/' }] }] },
      /^BAD_REQUEST messages\.0\.parts\.0\.type: .*not served here/,
    ],
    [{ messages: [{ role: 'assistant', parts: [{ type: 'tool-x' }] }] }, /^BAD_REQUEST messages\.0\.parts\.0\.toolCallId: /],
    [{ messages: [{ role: 'user', content: 'As it was said before there were parts.' }] }, /^BAD_REQUEST messages\.0\.parts: /],
    [{ trigger: 'resume-stream' }, /^BAD_REQUEST trigger: /],
    [{ openclaw: { session: 's' } }, /^BAD_REQUEST openclaw\.session: /],
    [{ openclaw: { supersede: 'hold' } }, /^BAD_REQUEST openclaw\.supersede: /],
    [{ openclaw: { budgt: 1 } }, /^BAD_REQUEST openclaw\.budgt: /],
    [{ more: 1 }, /^BAD_REQUEST more: /],
  ] as const)
    expect(refusal(() => parse(more))).toMatch(what);
});

test('whatever is sent is a run, or BAD_REQUEST', () => {
  const part = dictionary(constantFrom('type', 'text', 'toolCallId', 'toolName', 'state', 'input', 'output', 'errorText'), anything());
  const typed = record({ type: constantFrom('text', 'step-start', 'tool-x', 'dynamic-tool', 'file', 'reasoning') }).chain((head) =>
    part.map((rest) => ({ ...rest, ...head })),
  );
  const message = record({
    id: option(string()),
    role: constantFrom('user', 'assistant', 'system'),
    parts: array(typed, { maxLength: 4 }),
  });
  const body = record({ id: string(), messages: array(message, { maxLength: 3 }), more: dictionary(string(), anything()) });
  assert(
    property(body, ({ more, ...rest }) => {
      let asked: ReturnType<typeof parseUiChat>;
      try {
        asked = parseUiChat(JSON.parse(JSON.stringify({ ...more, ...rest })) as unknown);
      } catch (error) {
        expect(error).toMatchObject({ code: 'BAD_REQUEST' });
        return;
      }
      const { door: _, ...run } = asked.run;
      expect(runRequestSchema.safeParse(run).success).toBe(true);
    }),
  );
});
