import type { AgentCard, Answered, Ask, CodedAgent, Job } from '@openclaw-runtime/agent';
import type { OpenClawError } from '@openclaw-runtime/protocol';
import type { StopSignal } from '../abort/stop-signal.ts';

/** Threads that run agents' code. */
export interface AgentThreads {
  /** Imports the module in a thread and resolves to what it declares. Rejects with `BAD_CONFIG`, saying what is wrong with it. */
  describe(agent: string, module: string): Promise<AgentCard>;
  /**
   * Runs one job in a thread of its agent's: of few that share it, or of its own when the agent is `dedicated`. Waits for a free place, tenants taking turns.
   * Resolves to what the code returned, as `encodeState` writes it. Rejects with the code's own error (`AGENT_FAILED`, `TOOL_FAILED` and others), with
   * `AGENT_HUNG`, `AGENT_CRASHED` or `AGENT_MEMORY` when it took its thread down, with `THREAD_LOST` when another did, with `RATE_LIMITED` when too many wait,
   * or with the signal's reason; when the code does not end within a second of that, its thread is ended.
   */
  call(call: ThreadCall, signal: StopSignal): Promise<string | undefined>;
  readonly status: ThreadsStatus;
  /** Ends all threads; what runs there is rejected with `THREAD_LOST`, what waits or comes later with `SHUTTING_DOWN`. */
  close(): Promise<void>;
}

export interface ThreadCall {
  readonly agent: CodedAgent;
  readonly tenant: string;
  readonly job: Job;
  /** Answers what an operation asks. What it rejects with is what the operation's promise rejects with. */
  ask(request: Ask): Promise<Answered>;
  /** The code is about to hear this instead of what it asked for. */
  refused?(error: OpenClawError): void;
  /** What the code printed; `dropped` characters before it were too many. */
  said(text: string, dropped: number): void;
  /** It has to wait for a place; what this answers is called when that is over. */
  queued?(): () => void;
  /** The call has come to its end: well, where there is no error. */
  ended?(error?: unknown): void;
}

export interface ThreadsStatus {
  readonly threads: number;
  /** Threads that run something now. */
  readonly active: number;
  /** Calls at work, and calls that wait for a place. */
  readonly calls: number;
  readonly queued: number;
  /** Threads that were ended since the start, by error word. */
  readonly lost: Readonly<Record<string, number>>;
}
