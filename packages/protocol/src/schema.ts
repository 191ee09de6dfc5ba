import { z } from 'zod';
import { LIMITS } from './limits.ts';
import type { UpFrame } from './up.ts';

const name = z.string().min(1).max(LIMITS.maxNameLength);
const count = z.int().min(0);

const toolCall = z.strictObject({ id: name, name, arguments: z.string() });

export const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'user']), content: z.string() }),
  z.strictObject({ role: z.literal('assistant'), content: z.string(), toolCalls: z.array(toolCall).max(LIMITS.maxTools).exactOptional() }),
  z.strictObject({ role: z.literal('tool'), toolCallId: name, content: z.string() }),
]);

export const toolSpecSchema = z.strictObject({
  name,
  description: z.string().exactOptional(),
  parameters: z.record(z.string(), z.unknown()).exactOptional(),
});

/** What a caller may say of a run; the gateway fills in the rest of a `RunRequest`. */
export const runRequestSchema = z.strictObject({
  input: z.union([z.string().min(1), z.array(messageSchema).min(1).max(LIMITS.maxMessages)]),
  agent: name.exactOptional(),
  model: z.string().min(1).max(256).exactOptional(),
  session: name.exactOptional(),
  tools: z.array(toolSpecSchema).max(LIMITS.maxTools).exactOptional(),
  level: z.literal([1, 2, 3, 4, 'auto']).exactOptional(),
  tokenInterval: z.number().min(0).max(10_000).exactOptional(),
  operation: name.exactOptional(),
  args: z.unknown().exactOptional(),
});

export const commandKindSchema = z.enum(['cancel', 'feedback', 'send', 'approve']);

export const sendDataSchema = z.strictObject({ text: z.string().min(1), mode: z.enum(['queue', 'steer', 'interrupt']) });

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
