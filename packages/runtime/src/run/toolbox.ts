import type { HouseTool, HouseTools, ToolCard } from '@openclaw-runtime/agent';
import type { ToolSpec } from '@openclaw-runtime/protocol';
import type { Agent } from './agents.ts';

export type Permission = 'allow' | 'ask' | 'deny';

/** A tool that the run calls itself. */
export interface Tool {
  readonly card: ToolCard;
  readonly permission: Permission;
  /** Absent: it runs in the agent's thread. */
  readonly house: HouseTool | undefined;
}

/** The tools of an agent's runs, beside those of their callers. */
export interface Toolbox {
  /** As models are told of them, without those that are denied. */
  readonly specs: readonly ToolSpec[];
  /** By its own name, or by the one that models know it by. */
  find(name: string): Tool | undefined;
}

/** What providers take for a tool's name. */
const FOREIGN = /[^\w-]/g;
const NAME_CHARS = 64;

export function createToolbox({ code, uses = [], permissions = {} }: Agent, houseTools: HouseTools | undefined): Toolbox {
  const tools = new Map<string, Tool>();
  const names = new Map<string, string>();

  const add = (card: ToolCard, house: HouseTool | undefined): void => {
    if (tools.has(card.name)) return;
    tools.set(card.name, { card, house, permission: permissionOf(card, permissions) });
    names.set(toldName(card.name, names), card.name);
  };
  for (const card of code?.card.tools ?? []) add(card, undefined);
  if (uses.length > 0) for (const tool of houseTools?.list() ?? []) if (matches(uses, tool.card.name)) add(tool.card, tool);

  const told = [...names].map(([name, own]) => ({ name, tool: tools.get(own) as Tool }));
  return {
    specs: told.filter(({ tool }) => tool.permission !== 'deny').map(({ name, tool }) => specOf(name, tool)),
    find: (name) => tools.get(names.get(name) ?? name),
  };
}

/** Whether one of the patterns names it: `*` at a pattern's end stands for any rest. */
export function matches(patterns: readonly string[] | undefined, name: string): boolean {
  return (patterns ?? []).some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name));
}

function permissionOf({ name, needsApproval }: ToolCard, { allow, ask, deny }: NonNullable<Agent['permissions']>): Permission {
  if (matches(deny, name)) return 'deny';
  if (matches(ask, name)) return 'ask';
  if (matches(allow, name)) return 'allow';
  return needsApproval ? 'ask' : 'allow';
}

function specOf(name: string, { card: { description, parameters } }: Tool): ToolSpec {
  return { name, ...(description !== undefined && { description }), parameters };
}

/** `http.fetch` is `http_fetch` to a model; two that would be the same are numbered. */
function toldName(name: string, taken: ReadonlyMap<string, string>): string {
  const plain = name.replace(FOREIGN, '_').slice(0, NAME_CHARS);
  for (let n = 2, candidate = plain; ; n++) {
    if (!taken.has(candidate)) return candidate;
    const suffix = `_${n}`;
    candidate = plain.slice(0, NAME_CHARS - suffix.length) + suffix;
  }
}
