import type { CodedAgent } from '@openclaw-runtime/agent';
import { shippedAgents } from '@openclaw-runtime/agent/shipped';
import type { Config } from '../config/config.ts';

/**
 * The agents that come with the package, without those that the configuration has its own of: one with a module, or with instructions. What else it says of such a
 * name (its model, permissions, more tools) is laid over the shipped one.
 */
export function shippedOf({ agents }: Pick<Config, 'agents'>): readonly CodedAgent[] {
  const own = Object.entries(agents).flatMap(([name, { module, instructions }]) => (module || instructions !== undefined ? [name] : []));
  return [...shippedAgents().values()].filter(({ name }) => !own.includes(name)).map((agent) => withSettings(agent, agents[agent.name]));
}

function withSettings(agent: CodedAgent, settings: Config['agents'][string] = {}): CodedAgent {
  const { module: _, secrets: __, dedicated: ___, snapshotIntervalMs: ____, ...spec } = settings;
  return { ...agent, ...spec };
}
