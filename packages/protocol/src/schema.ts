import { z } from 'zod';
import { LIMITS } from './limits.ts';
import type { UpFrame } from './up.ts';

export { isPlainStart } from './plain-start.ts';

/** What the schema says of what a peer sent. Never throws: zod compares the `length` of whatever has one, and JSON may give it one that cannot be compared. */
export function judge<T>(schema: z.ZodType<T>, given: unknown): z.ZodSafeParseResult<T> {
  try {
    return schema.safeParse(given);
  } catch {
    const error = new z.ZodError([{ code: 'custom', path: [], message: 'holds what cannot be compared', input: given }]);
    return { success: false, error: error as z.ZodError<T> };
  }
}

const name = z.string().min(1).max(LIMITS.maxNameLength);
const count = z.int().min(0);
const level = z.literal([1, 2, 3, 4, 'auto']);

const money = z.number().min(0).max(LIMITS.maxUsd);
const amount = z.int().min(0).max(LIMITS.maxAmount);

const toolCall = z.strictObject({ id: name, name, arguments: z.string() });

export const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'user']), content: z.string(), name: name.exactOptional() }),
  z.strictObject({ role: z.literal('assistant'), content: z.string(), toolCalls: z.array(toolCall).max(LIMITS.maxTools).exactOptional() }),
  z.strictObject({ role: z.literal('tool'), toolCallId: name, content: z.string() }),
]);

export const toolSpecSchema = z.strictObject({
  name,
  description: z.string().exactOptional(),
  parameters: z.record(z.string(), z.unknown()).exactOptional(),
  strict: z.boolean().exactOptional(),
});

export const settingsSchema = z.strictObject({
  temperature: z.number().min(0).max(2).exactOptional(),
  topP: z.number().min(0).max(1).exactOptional(),
  maxTokens: z.int().min(1).max(LIMITS.maxAnswerTokens).exactOptional(),
  stop: z.array(z.string().min(1).max(LIMITS.maxStopChars)).min(1).max(LIMITS.maxStops).exactOptional(),
  seed: z.int().exactOptional(),
  presencePenalty: z.number().min(-2).max(2).exactOptional(),
  frequencyPenalty: z.number().min(-2).max(2).exactOptional(),
  format: z
    .union([
      z.literal('json'),
      z.strictObject({
        name,
        schema: z.record(z.string(), z.unknown()),
        description: z.string().exactOptional(),
        strict: z.boolean().exactOptional(),
      }),
    ])
    .exactOptional(),
  toolChoice: z.union([z.enum(['auto', 'none', 'required']), z.strictObject({ name })]).exactOptional(),
  parallelTools: z.boolean().exactOptional(),
  verbosity: z.enum(['low', 'medium', 'high']).exactOptional(),
});

/** Dollars, or some of dollars, tokens and milliseconds. */
export const budgetSchema = z.union([
  money,
  z
    .strictObject({ usd: money.exactOptional(), tokens: amount.exactOptional(), ms: amount.exactOptional() })
    .refine((budget) => Object.keys(budget).length > 0, 'say usd, tokens or ms'),
]);

/** What a caller may say of a run; the gateway fills in the rest of a `RunRequest`. */
export const runRequestSchema = z.strictObject({
  input: z.union([z.string().min(1), z.array(messageSchema).min(1).max(LIMITS.maxMessages)]),
  agent: name.exactOptional(),
  model: z.string().min(1).max(256).exactOptional(),
  session: name.exactOptional(),
  tools: z.array(toolSpecSchema).max(LIMITS.maxTools).exactOptional(),
  level: level.exactOptional(),
  complexity: name.exactOptional(),
  settings: settingsSchema.exactOptional(),
  budget: budgetSchema.optional(),
  tokenInterval: z.number().min(0).max(10_000).exactOptional(),
  operation: name.exactOptional(),
  args: z.unknown().exactOptional(),
  trace: z
    .strictObject({
      parent: z.string().regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'no traceparent'),
      state: z.string().max(512).exactOptional(),
    })
    .exactOptional(),
});

export const commandKindSchema = z.enum(['cancel', 'feedback', 'send', 'approve', 'level', 'topup']);

export const sendDataSchema = z.strictObject({ text: z.string().min(1), mode: z.enum(['queue', 'steer', 'interrupt']) });

export const levelDataSchema = z.strictObject({ level });

export const approveDataSchema = z.strictObject({
  approval: name,
  hash: z.string().length(64),
  answer: z.enum(['allow', 'deny']),
  text: z.string().min(1).exactOptional(),
});

/** What a caller may say of a fork. */
export const forkRequestSchema = z.strictObject({
  at: z.int().min(1).exactOptional(),
  model: z.string().min(1).max(256).exactOptional(),
  input: z.string().min(1).max(LIMITS.maxCommandChars).exactOptional(),
});

const upFrame = z.discriminatedUnion('t', [
  z.strictObject({
    t: z.literal('hello'),
    v: z.int(),
    client: z.string().max(LIMITS.maxNameLength),
    token: z.string().max(4096).exactOptional(),
  }),
  z.strictObject({ t: z.literal('start'), ch: count, idem: name, run: runRequestSchema, hold: z.boolean().exactOptional() }),
  z.strictObject({
    t: z.literal('attach'),
    ch: count,
    run: z.string().length(22),
    epoch: count.exactOptional(),
    after: count.exactOptional(),
    h: count.exactOptional(),
    hold: z.boolean().exactOptional(),
  }),
  z.strictObject({ t: z.literal('detach'), ch: count }),
  z.strictObject({
    t: z.literal('command'),
    run: z.string().length(22),
    id: name,
    kind: commandKindSchema,
    data: z.unknown().exactOptional(),
  }),
]);

/** Checks what a client sent. The schema and the type are compared by the compiler here, so neither can drift. */
export const upFrameSchema: z.ZodType<UpFrame> = upFrame;
