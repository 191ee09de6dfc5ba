import { type CommandKind, LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import { approveDataSchema, budgetSchema, judge, levelDataSchema, sendDataSchema } from '@openclaw-runtime/protocol/schema';
import type { Command, RunKey, Store } from '@openclaw-runtime/store';

/**
 * Puts a client's command into the run's inbox; durable when it resolves. Rejects with `TOO_LARGE`, `BAD_REQUEST` for a message, an approval, a level or a budget that is none,
 * `RATE_LIMITED` when too many wait, and what the inbox rejects with. A cancellation does not wait behind others; feedback may come when the run has ended.
 */
export function submitCommand(
  store: Store,
  key: RunKey,
  command: Command & { readonly kind: CommandKind },
): Promise<{ readonly dup: boolean }> {
  const { kind, data } = command;
  if (data !== undefined && JSON.stringify(data).length > LIMITS.maxCommandChars) {
    throw new OpenClawError('TOO_LARGE', `The data of a command has at most ${LIMITS.maxCommandChars} characters of JSON.`);
  }
  const schema = SCHEMAS[kind];
  if (schema) check(schema, data);
  return store.inbox.put(key, command, kind === 'feedback', MOST_WAITING[kind]);
}

const SCHEMAS = {
  send: sendDataSchema,
  approve: approveDataSchema,
  level: levelDataSchema,
  topup: budgetSchema,
  cancel: undefined,
  feedback: undefined,
} as const;

/** A run that waits for a person answers no message, so those must not keep the person's answer out. */
const MOST_WAITING = {
  send: LIMITS.maxWaitingCommands,
  feedback: LIMITS.maxWaitingCommands,
  level: LIMITS.maxWaitingCommands,
  approve: 2 * LIMITS.maxWaitingCommands,
  topup: 2 * LIMITS.maxWaitingCommands,
  cancel: undefined,
} as const;

function check(schema: NonNullable<(typeof SCHEMAS)[keyof typeof SCHEMAS]>, data: unknown): void {
  const parsed = judge<unknown>(schema, data);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  throw new OpenClawError('BAD_REQUEST', `${['data', ...(issue?.path ?? [])].join('.')}: ${issue?.message}.`);
}
