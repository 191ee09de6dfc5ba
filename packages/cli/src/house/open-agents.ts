import { availableParallelism } from 'node:os';
import type { AgentSpec, CodedAgent, HouseTools } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads } from '@openclaw-runtime/runtime';
import type { Logins } from '@openclaw-runtime/tools';
import type { Config } from '../config/config.ts';
import { describeAgain, describeAgents } from './agents.ts';
import type { HousePorts } from './house.ts';
import { shippedOf } from './shipped.ts';
import { openThreads } from './threads.ts';
import { openTools } from './tools.ts';

/** The agents of a house, and what their runs work with. */
export interface AgentsAtWork extends AsyncDisposable {
  readonly agents: readonly (AgentSpec | CodedAgent)[];
  readonly threads: AgentThreads;
  /** Absent where no agent uses any. */
  readonly houseTools?: HouseTools;
  /** A secret of an agent's, by the name its code knows it by. Throws `AGENT_FAILED`. */
  secrets(name: string, agent: string): string;
  /** The agents of another configuration, as far as they can be had while work goes on: code and tools stay those that are there. */
  again(config: Config): AgentsAgain;
}

export interface AgentsAgain {
  readonly agents: readonly (AgentSpec | CodedAgent)[];
  /** What only a restart brings, by its place in the file. */
  readonly waiting: readonly string[];
  /** Secrets are those of this configuration from here on. */
  use(): void;
}

export interface AgentsOptions {
  /** Folder of the runs' workspaces. */
  readonly workspaces: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where people's logins to MCP servers are; absent: in memory. */
  readonly logins?: Logins;
}

/** Learns what the agents' modules declare, and opens the tools they use. Rejects with `BAD_CONFIG`. */
export async function openAgents(config: Config, { workspaces, env, logins }: AgentsOptions, ports: HousePorts): Promise<AgentsAtWork> {
  await using opened = new AsyncDisposableStack();
  const shipped = shippedOf(config);
  const threads = await openThreads(config, { workspaces, processors: availableParallelism(), shipped }, ports);
  opened.defer(() => threads.close());
  const described = await describeAgents(config, threads);
  const own = described.filter(({ name }) => !shipped.some((agent) => agent.name === name));
  const houseTools = await openTools(config, { own, shipped }, { env, ...(logins && { logins }) }, ports);
  if (houseTools) opened.defer(() => houseTools.close());
  const rooms = opened.move();
  let current = config;
  return {
    agents: [...own, ...shipped],
    threads,
    ...(houseTools && { houseTools }),
    secrets(name, agent) {
      const secrets = current.agents[agent]?.secrets ?? {};
      const secret = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
      if (secret) return secret.reveal();
      throw new OpenClawError('AGENT_FAILED', `The agent ${agent} has no secret ${name}. Set agents.${agent}.secrets.${name}.`);
    },
    again(next) {
      const { agents, waiting } = describeAgain(next, own, houseTools !== undefined);
      const others = shippedOf(next);
      const all = [...agents.filter(({ name }) => !others.some((agent) => agent.name === name)), ...others];
      return {
        agents: all,
        waiting,
        use() {
          current = next;
        },
      };
    },
    [Symbol.asyncDispose]: () => rooms.disposeAsync(),
  };
}
