/**
 * An agent as its author declares it. Behaviour in code (tools, operations) takes a seat beside these fields later; what is here needs no code.
 */
export interface AgentSpec {
  readonly name: string;
  readonly description?: string;
  /** Becomes the system message of every model call. */
  readonly instructions?: string;
  /** The model a run uses when its request names none; absent: the house's default. */
  readonly model?: string;
}
