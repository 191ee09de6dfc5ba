import type { AgentSpec, Reasoning } from './agent.ts';

/** What a module's agent declares, as data: all that is known of it outside its thread. */
export interface AgentCard {
  readonly description?: string;
  readonly instructions?: string;
  readonly model?: string;
  readonly reasoning?: Reasoning;
  /** Of its state and operations; from 1. State of another version is migrated by its `migrate`, or refused. */
  readonly version: number;
  readonly tools: readonly ToolCard[];
  readonly operations: readonly OperationCard[];
  /** Names of tools of the house and of MCP servers that it may call, with `*` for any rest of a name. */
  readonly uses: readonly string[];
  /** A thread of its own. */
  readonly dedicated: boolean;
  /** Milliseconds between two snapshots of an operation that is at work; 0: at its checkpoints only. */
  readonly snapshotIntervalMs: number;
  /** MiB of heap that its thread may take; absent: the pool's. */
  readonly maxHeapMiB?: number;
  /** It judges its model's answers: a call of the tool {@link CHECK}. */
  readonly checks?: true;
}

/** A tool that no model can name: its arguments are `{query, answer}`, and it answers how far that is right, 0..1. */
export const CHECK = 'check()';

/** What becomes of a call that was in flight when its process died: called again with the same key, a person is asked, or the model is told that it is not known. */
export type OnInterrupted = 'retry' | 'ask' | 'fail';

/** A tool as models and the run that calls it know it. */
export interface ToolCard {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Whether a call changes anything outside. */
  readonly sideEffects: boolean;
  readonly onInterrupted: OnInterrupted;
  readonly timeoutMs: number;
  readonly needsApproval: boolean;
  /** Names of the secrets that it is given. */
  readonly secrets: readonly string[];
}

export interface OperationCard {
  readonly name: string;
  readonly description?: string;
  /** Milliseconds from its start to its end; absent: the run's own limit. */
  readonly timeoutMs?: number;
}

/** An agent with code: its spec, where the code is, and what that declares. */
export interface CodedAgent extends AgentSpec {
  /** `file:` URL of the module whose default export is its definition. */
  readonly module: string;
  readonly card: AgentCard;
}
