/** An event of this protocol, without its number on the connection. */
export interface Told {
  readonly event: 'chat' | 'agent' | 'plugin.approval.requested' | 'plugin.approval.resolved';
  readonly payload: object;
}

/** What a listener can show beside words. */
export interface Shows {
  readonly tools: boolean;
  /** Whether it may answer them, too. */
  readonly approvals: boolean;
}

/** What every event of a run says of it. */
export interface AboutRun {
  readonly runId: string;
  readonly sessionKey: string;
  readonly agentId: string;
}
