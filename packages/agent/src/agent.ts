/** An agent as its author declares it. What is here needs no code; with code it is a `CodedAgent`. */
export interface AgentSpec {
  readonly name: string;
  readonly description?: string;
  /** Becomes the system message of every model call. */
  readonly instructions?: string;
  /** The model a run uses when its request names none; absent: the house's default. */
  readonly model?: string;
  /** Names of tools of the house and of MCP servers that it may call, with `*` for any rest of a name. */
  readonly uses?: readonly string[];
  readonly permissions?: Permissions;
}

/**
 * Which tools an agent may call, by name, with `*` for any rest of a name: those of `deny` never, those of `ask` once a person allowed the call, those of `allow` at
 * once, whatever the tool itself asks for. `deny` goes before `ask`, and that before `allow`; where none names a tool, the tool says whether a person is asked.
 */
export interface Permissions {
  readonly allow?: readonly string[];
  readonly ask?: readonly string[];
  readonly deny?: readonly string[];
}
