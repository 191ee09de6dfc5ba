import type { AgentSpec, CodedAgent, HouseTools } from '@openclaw-runtime/agent';
import type { HouseToolOptions } from '@openclaw-runtime/tools';
import type { Config, McpSettings, ToolSettings, Value } from '../config/config.ts';
import type { HousePorts } from './house.ts';

type Env = Readonly<Record<string, string | undefined>>;

interface Users {
  readonly own: readonly (AgentSpec | CodedAgent)[];
  /** They make do without tools: for them alone none are opened but those that are configured. */
  readonly shipped: readonly CodedAgent[];
}

/** The tools of the house and of its MCP servers, which get of `env` what programs need to run; none, and nothing is loaded, where no agent uses any. */
export async function openTools(config: Config, { own, shipped }: Users, env: Env, ports: HousePorts): Promise<HouseTools | undefined> {
  const users = config.tools.fs || config.tools.shell ? [...own, ...shipped] : own;
  if (users.every((agent) => usesOf(agent).length === 0)) return undefined;
  const { createMachine, openHouseTools } = await import('@openclaw-runtime/tools');
  const { clock, random, log } = ports;
  const machine = createMachine(env, random);
  const tools = await openHouseTools(optionsOf(config), { clock, random, machine, note: (text) => log(`claw: ${text}`) });
  const names = tools.list().map(({ card }) => card.name);
  for (const agent of own) {
    const idle = usesOf(agent).filter((pattern) => !names.some((name) => matches(pattern, name)));
    if (idle.length > 0)
      log(`claw: agent ${agent.name} uses tools that are not there: ${idle.join(', ')}. There are: ${names.join(', ')}.`);
  }
  return tools;
}

function usesOf(agent: AgentSpec | CodedAgent): readonly string[] {
  return [...(agent.uses ?? []), ...('card' in agent ? agent.card.uses : [])];
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function optionsOf({ tools, mcp }: Config): HouseToolOptions {
  const { ask, shell, ...rest } = tools;
  return {
    ...rest,
    ...(shell && { shell: shellOf(shell) }),
    ...(ask && { needsApproval: ask }),
    mcp: Object.fromEntries(Object.entries(mcp).map(([name, server]) => [name, serverOf(server)])),
  };
}

function shellOf({ env, ...shell }: NonNullable<ToolSettings['shell']>): NonNullable<HouseToolOptions['shell']> {
  return { ...shell, ...(env && { env: live(env) }) };
}

function serverOf(server: McpSettings): NonNullable<HouseToolOptions['mcp']>[string] {
  if (server.kind === 'http') {
    const { headers, ...rest } = server;
    return { ...rest, ...(headers && { headers: given(headers) }) };
  }
  const { env, ...rest } = server;
  return { ...rest, ...(env && { env: given(env) }) };
}

function given(values: Readonly<Record<string, Value>>): Readonly<Record<string, () => string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, () => textOf(value)]));
}

/** Secrets are read when a value is taken, so that one that was changed is used. */
function live(values: Readonly<Record<string, Value>>): Readonly<Record<string, string>> {
  const properties = Object.entries(values).map(([name, value]) => [name, { enumerable: true, get: () => textOf(value) }] as const);
  return Object.defineProperties({}, Object.fromEntries(properties));
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : value.reveal();
}
