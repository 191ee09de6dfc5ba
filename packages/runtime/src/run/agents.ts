import type { AgentSpec, CodedAgent } from '@openclaw-runtime/agent';

/** An agent as runs know it: what its module declares stands where its spec says nothing. */
export interface Agent extends AgentSpec {
  readonly code: CodedAgent | undefined;
  /** Whether it may have tools beside those of its callers. */
  readonly hasTools: boolean;
}

export function resolveAgents(agents: readonly (AgentSpec | CodedAgent)[]): ReadonlyMap<string, Agent> {
  return new Map(agents.map((agent) => [agent.name, resolveAgent(agent)]));
}

function resolveAgent(spec: AgentSpec | CodedAgent): Agent {
  if (!('card' in spec)) return { ...spec, code: undefined, hasTools: hasAny(spec.uses) };
  const { card } = spec;
  const uses = [...card.uses, ...(spec.uses ?? [])];
  return {
    name: spec.name,
    ...optional('description', spec.description ?? card.description),
    ...optional('instructions', spec.instructions ?? card.instructions),
    ...optional('model', spec.model ?? card.model),
    ...(spec.permissions && { permissions: spec.permissions }),
    ...((spec.reasoning || card.reasoning) && { reasoning: { ...card.reasoning, ...spec.reasoning } }),
    uses,
    code: spec,
    hasTools: card.tools.length > 0 || hasAny(uses),
  };
}

function optional<K extends string>(name: K, value: string | undefined): { readonly [key in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]: string });
}

function hasAny(names: readonly string[] | undefined): boolean {
  return names !== undefined && names.length > 0;
}
