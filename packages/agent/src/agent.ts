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
  /** How deep its models think; what is absent is the house's to say. */
  readonly reasoning?: Reasoning;
}

/** How deep models think: 1 quick, 2 standard, 3 deep, 4 ultra. */
export interface Reasoning {
  /** Of requests that name none: a fixed one; `auto`: as much as each seems to need; `off`: their provider's own. */
  readonly level?: 1 | 2 | 3 | 4 | 'auto' | 'off';
  /** Whatever is asked for or predicted. */
  readonly maxLevel?: 1 | 2 | 3 | 4;
  /** The level of each tag that a request may have as its `complexity`. */
  readonly levelThresholds?: Readonly<Record<string, 1 | 2 | 3 | 4>>;
  /** A tag means its level and never one more. */
  readonly exact?: boolean;
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
