import type { AgentSpec, CodedAgent, HouseTools } from '@openclaw-runtime/agent';
import type { HouseToolOptions, Logins, OpenHouseTools } from '@openclaw-runtime/tools';
import type { Config, ToolSettings, Value } from '../config/config.ts';
import type { HousePorts } from './house.ts';
import { serverOf, textOf } from './mcp-servers.ts';

export interface ToolsOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where people's logins to MCP servers are; absent: in memory. */
  readonly logins?: Logins;
}

interface Users {
  readonly own: readonly (AgentSpec | CodedAgent)[];
  /** They make do without tools: for them alone none are opened but those that are configured. */
  readonly shipped: readonly CodedAgent[];
}

/** The tools of the house and of its MCP servers, which get of `env` what programs need to run; none, and nothing is loaded, where no agent uses any. */
export async function openTools(
  config: Config,
  { own, shipped }: Users,
  { env, logins }: ToolsOptions,
  ports: HousePorts,
): Promise<HouseTools | undefined> {
  const users = config.tools.fs || config.tools.shell ? [...own, ...shipped] : own;
  if (users.every((agent) => usesOf(agent).length === 0)) return undefined;
  const { createMachine, openHouseTools } = await import('@openclaw-runtime/tools');
  const { clock, random, log } = ports;
  const machine = createMachine(env, random);
  const tools = await openHouseTools(optionsOf(config), {
    clock,
    random,
    machine,
    note: (text) => log(`claw: ${text}`),
    ...(logins && { logins }),
  });
  suggestPins(config, tools, log);
  const names = tools.list().map(({ card }) => card.name);
  for (const agent of own) {
    const idle = usesOf(agent).filter((pattern) => !names.some((name) => matches(pattern, name)));
    if (idle.length > 0)
      log(`claw: agent ${agent.name} uses tools that are not there: ${idle.join(', ')}. There are: ${names.join(', ')}.`);
  }
  return tools;
}

/** A list of tools that nobody pinned may be another one tomorrow. */
function suggestPins({ mcp }: Config, tools: OpenHouseTools, log: HousePorts['log']): void {
  for (const { name, phase, hash } of tools.servers()) {
    if (phase !== 'ready' || hash === undefined || mcp[name]?.pin !== undefined) continue;
    log(`claw: the MCP server ${name} has no pin. Look at its tools (claw mcp list); to have no others, set mcp.${name}.pin: ${hash}`);
  }
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

/** Secrets are read when a value is taken, so that one that was changed is used. */
function live(values: Readonly<Record<string, Value>>): Readonly<Record<string, string>> {
  const properties = Object.entries(values).map(([name, value]) => [name, { enumerable: true, get: () => textOf(value) }] as const);
  return Object.defineProperties({}, Object.fromEntries(properties));
}
