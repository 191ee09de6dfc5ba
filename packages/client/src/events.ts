import type { Approval, ApprovalGiven, OpenClawError, Tier, ToolCall, ToolResult } from '@openclaw-runtime/protocol';
import type { RunResult } from './result.ts';

/** Which record of which run an event is of. */
export interface TokenMeta {
  readonly run: string;
  readonly seq: number;
  readonly step: number;
  readonly attempt: number;
  /** Absent when the run was joined after the record that tells it. */
  readonly agent: string | undefined;
}

/**
 * A step goes back: of its text the first `keep` UTF-16 units stay, of its thinking `keepThinking`, of its tool calls
 * none; what follows takes the place of the rest. `step: 0` takes back the whole run.
 */
export interface Rewind {
  readonly run: string;
  readonly step: number;
  readonly keep: number;
  readonly keepThinking: number;
}

/** What a client tells, and with which arguments. */
export interface ClientEvents {
  token: [text: string, meta: TokenMeta];
  thinking: [text: string, meta: TokenMeta];
  /** The model calls a tool; and what came of it, with the same `id`, where the server carried it out: a result has `content`, a call has `arguments`. */
  tool: [tool: ToolCall | ToolResult, meta: TokenMeta];
  /** A person is asked ({@link Run.approve} answers); and the answer, with the same `id`, whoever gave it: that has `answer`. */
  approval: [approval: Approval | ApprovalGiven, meta: TokenMeta];
  rewind: [rewind: Rewind];
  /** How deep the model is asked to think, as it was chosen. */
  level: [level: 1 | 2 | 3 | 4, meta: TokenMeta];
  /** A run ended, however it did. */
  done: [result: RunResult, meta: { readonly run: string }];
  /** `STREAM_DISCONNECTED` at each drop, `RECONNECT_FAILED` once all is tried, and what else went wrong. */
  error: [error: OpenClawError];
  /** An attempt to connect again begins: 1, 2, … */
  reconnect: [attempt: number];
  /** It succeeded. */
  reconnected: [attempt: number];
  /** 0 and 1 of the connection, without `meta`; others of a run, with it. */
  tier: [tier: Tier, meta?: TokenMeta];
}
