/** What of a prompt of the AI SDK a run is told. */
import { expect, test } from 'vitest';
import { messagesOf, newsOf } from '../src/ai-sdk/prompt.ts';

test('an answer of which nothing is told again is no message, since providers refuse empty ones', () => {
  const own = { toolCallId: 'c1', toolName: 'calc', providerExecuted: true } as const;
  const prompt = [
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'Think.' }] },
    {
      role: 'assistant' as const,
      content: [
        { type: 'reasoning' as const, text: 'Hm.' },
        { type: 'tool-call' as const, input: {}, ...own },
        { type: 'tool-result' as const, output: { type: 'text' as const, value: '42' }, ...own },
      ],
    },
    { role: 'user' as const, content: [{ type: 'text' as const, text: 'Go on.' }] },
  ];
  expect(messagesOf(prompt)).toEqual([
    { role: 'user', content: 'Think.' },
    { role: 'user', content: 'Go on.' },
  ]);
  expect(messagesOf(newsOf(prompt))).toEqual([{ role: 'user', content: 'Go on.' }]);
});
