import type { ToolCard } from './card.ts';
import type { RunFacts } from './port.ts';

/** A tool that runs beside the log and not in an agent's thread: one of the house, or one of an MCP server. */
export interface HouseTool {
  readonly card: ToolCard;
  /**
   * Resolves to what the model is told. Rejects with `TOOL_FAILED`, `TOOL_TIMEOUT`, `DENIED`, `UNAUTHENTICATED` (somebody has to log in first) or
   * the signal's reason. `args` is parsed JSON that is checked here; `key` is the call's idempotency key.
   */
  execute(args: unknown, call: HouseToolCall): Promise<string>;
}

export interface HouseToolCall {
  readonly key: string;
  readonly run: RunFacts;
  readonly signal: AbortSignal;
  /** Headers of the trace that the call belongs to, for whoever the tool asks. */
  readonly trace?: Readonly<Record<string, string>>;
}

/** All tools of the house, by name. */
export interface HouseTools {
  find(name: string): HouseTool | undefined;
  list(): readonly HouseTool[];
  close(): Promise<void>;
}
