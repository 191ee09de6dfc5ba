import type { AgentCard, AgentSpec, CodedAgent } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { AgentThreads } from '@openclaw-runtime/runtime';
import type { AgentSettings, Config } from '../config/config.ts';

/** The configured agents as runs know them; each module is imported once to learn what it declares. Rejects with `BAD_CONFIG`, naming the place of every agent that cannot be. */
export async function describeAgents(config: Config, threads: AgentThreads): Promise<readonly (AgentSpec | CodedAgent)[]> {
  const asked = Object.entries(config.agents).map(([name, settings]) => describe(name, settings, config, threads));
  const all = await Promise.allSettled(asked);
  const problems = all.flatMap((one) => (one.status === 'rejected' ? [OpenClawError.from(one.reason).message] : []));
  const [first = ''] = problems;
  if (problems.length > 0)
    throw new OpenClawError('BAD_CONFIG', problems.length === 1 ? first : [`${problems.length} problems`, ...problems].join('\n  '));
  return all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

async function describe(name: string, settings: AgentSettings, config: Config, threads: AgentThreads): Promise<AgentSpec | CodedAgent> {
  const { module, secrets = {}, dedicated, snapshotIntervalMs, ...spec } = settings;
  if (!module) return { name, ...spec };
  const declared = await threads.describe(name, module.url).catch((error: unknown) => {
    throw badModule(module.namedAt, error);
  });
  const missing = secretsOf(declared).filter((secret) => !Object.hasOwn(secrets, secret));
  if (missing.length > 0) {
    throw badModule(
      module.namedAt,
      new Error(`its tools use secrets that the agent does not have: ${missing.join(', ')}. Set agents.${name}.secrets.${missing[0]}.`),
    );
  }
  const interval = snapshotIntervalMs ?? config.cluster.snapshotIntervalMs;
  const card: AgentCard = {
    ...declared,
    ...(dedicated === undefined ? {} : { dedicated }),
    ...(interval === undefined ? {} : { snapshotIntervalMs: interval }),
  };
  return { name, ...spec, module: module.url, card };
}

function secretsOf({ tools }: AgentCard): readonly string[] {
  return [...new Set(tools.flatMap(({ secrets }) => secrets))];
}

function badModule(namedAt: string, error: unknown): OpenClawError {
  return new OpenClawError('BAD_CONFIG', `${namedAt}: ${(error as Error).message}`, { cause: error });
}
