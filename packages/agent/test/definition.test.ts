import { expect, test } from 'vitest';
import { z } from 'zod';
import { cardOf, defineAgent, type ToolOptions, tool } from '../src/index.ts';

const input = z.object({ city: z.string().describe('Where'), days: z.number().int().default(1) });

function make(more: Partial<Record<keyof ToolOptions<z.ZodObject>, unknown>> = {}): unknown {
  return tool({ name: 'weather', input, execute: () => '', ...more } as ToolOptions<typeof input>);
}

test('how deep its models think is on its card, and is looked at', () => {
  const reasoning = { level: 'auto', maxLevel: 3, levelThresholds: { complex: 2 }, exact: true } as const;
  expect(cardOf(defineAgent({ name: 'a', reasoning, check: () => true }))).toMatchObject({ reasoning, checks: true });
  expect(cardOf(defineAgent({ name: 'a' }))).not.toHaveProperty('checks');
  for (const [wrong, says] of [
    [{ level: 5 }, 'reasoning.level of agent a is 5. Give 1, 2, 3, 4'],
    [{ maxLevel: 'auto' }, 'reasoning.maxLevel of agent a is "auto".'],
    [{ levelThresholds: { odd: 0 } }, 'reasoning.levelThresholds.odd of agent a is 0.'],
    [{ exact: 1 }, 'reasoning.exact of agent a is 1.'],
    [{ maxlevel: 1 }, 'reasoning.maxlevel of agent a is not known. Known: level'],
  ] as const) {
    expect(() => defineAgent({ name: 'a', reasoning: wrong as never })).toThrow(says);
  }
  expect(() => defineAgent({ name: 'a', check: 1 as never })).toThrow('check of agent a is no function.');
});

test('a card says all that is known outside', () => {
  const definition = defineAgent({
    name: 'guide',
    description: 'Knows places.',
    model: 'm',
    version: 3,
    uses: ['http.*'],
    dedicated: true,
    snapshotIntervalMs: 5000,
    maxHeapMiB: 256,
    tools: [tool({ name: 'weather', description: 'Tells it.', input, sideEffects: false, secrets: ['key'], execute: () => '' })],
    operations: { tour: () => 1, walk: { description: 'Goes.', timeoutMs: 10, run: () => 2 } },
  });
  expect(cardOf(definition)).toEqual({
    description: 'Knows places.',
    model: 'm',
    version: 3,
    uses: ['http.*'],
    dedicated: true,
    snapshotIntervalMs: 5000,
    maxHeapMiB: 256,
    tools: [
      {
        name: 'weather',
        description: 'Tells it.',
        parameters: {
          type: 'object',
          properties: {
            city: { type: 'string', description: 'Where' },
            days: { type: 'integer', default: 1, minimum: expect.any(Number), maximum: expect.any(Number) },
          },
          required: ['city'],
        },
        sideEffects: false,
        onInterrupted: 'retry',
        timeoutMs: 60_000,
        needsApproval: false,
        secrets: ['key'],
      },
    ],
    operations: [{ name: 'tour' }, { name: 'walk', description: 'Goes.', timeoutMs: 10 }],
  });
  expect(JSON.parse(JSON.stringify(cardOf(definition)))).toEqual(cardOf(definition));
});

test('a tool with side effects is not called again by itself', () => {
  expect(make()).toMatchObject({ card: { sideEffects: true, onInterrupted: 'fail' } });
});

test.each<[() => unknown, RegExp]>([
  [() => make({ name: 'get weather' }), /cannot be named "get weather". Use 1 to 64 letters/],
  [() => make({ input: z.string() }), /not an object schema of zod 4/],
  [() => make({ input: undefined }), /not an object schema of zod 4/],
  [() => make({ input: z.object({ when: z.date() }) }), /cannot be told to a model/],
  [() => make({ timeoutMs: 0 }), /timeoutMs of tool weather is 0/],
  [() => make({ timeoutMs: Number.NaN }), /timeoutMs of tool weather is NaN/],
  [() => make({ onInterrupted: 'again' }), /'retry', 'ask' or 'fail'/],
  [() => make({ execute: undefined }), /has no execute/],
  [() => defineAgent({ name: '' }), /An agent cannot be named ""/],
  [() => defineAgent({ name: 'a', version: 0 }), /version of agent a is 0/],
  [() => defineAgent({ name: 'a', snapshotIntervalMs: -1 }), /snapshotIntervalMs/],
  [() => defineAgent({ name: 'a', operations: { 'a b': () => 1 } }), /An operation cannot be named "a b"/],
  [() => defineAgent({ name: 'a', operations: { go: 1 as never } }), /has no function/],
  [() => defineAgent({ name: 'a', tools: [make() as never, make() as never] }), /two tools named weather/],
  [() => defineAgent({ name: 'a', tools: [{} as never] }), /that tool\(\) did not make/],
])('%s is refused', (wrong, message) => {
  expect(wrong).toThrow(expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringMatching(message) }));
});
