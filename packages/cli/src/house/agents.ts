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

/** The same without a thread: what an agent's module declared stays as it was when the house was opened, and so do the tools of the house. Throws `BAD_CONFIG`. */
export function describeAgain(
  config: Config,
  known: readonly (AgentSpec | CodedAgent)[],
  hasTools: boolean,
): { readonly agents: readonly (AgentSpec | CodedAgent)[]; readonly waiting: readonly string[] } {
  const waiting: string[] = [];
  const agents = Object.entries(config.agents).flatMap(([name, settings]): (AgentSpec | CodedAgent)[] => {
    const before = known.find((agent) => agent.name === name);
    const module = before && 'card' in before ? before.module : undefined;
    if (settings.module?.url !== module) {
      waiting.push(`agents.${name}.module`);
      return before ? [before] : [];
    }
    if (!hasTools && (settings.uses ?? []).length > 0) waiting.push(`agents.${name}.uses`);
    const { module: _, secrets: __, dedicated: ___, snapshotIntervalMs: ____, ...spec } = settings;
    if (!before || !('card' in before)) return [{ name, ...spec }];
    checkSecrets(name, settings, before.card);
    return [{ name, ...spec, module: before.module, card: cardOf(before.card, settings, config) }];
  });
  return { agents, waiting };
}

async function describe(name: string, settings: AgentSettings, config: Config, threads: AgentThreads): Promise<AgentSpec | CodedAgent> {
  const { module, secrets: _, dedicated: __, snapshotIntervalMs: ___, ...spec } = settings;
  if (!module) return { name, ...spec };
  const declared = await threads.describe(name, module.url).catch((error: unknown) => {
    throw badModule(module.namedAt, error);
  });
  checkSecrets(name, settings, declared);
  return { name, ...spec, module: module.url, card: cardOf(declared, settings, config) };
}

function cardOf(declared: AgentCard, { dedicated, snapshotIntervalMs }: AgentSettings, { cluster }: Config): AgentCard {
  const interval = snapshotIntervalMs ?? cluster.snapshotIntervalMs;
  return {
    ...declared,
    ...(dedicated === undefined ? {} : { dedicated }),
    ...(interval === undefined ? {} : { snapshotIntervalMs: interval }),
  };
}

/** Throws `BAD_CONFIG` where a tool of the module uses a secret that the agent does not have. */
function checkSecrets(name: string, { module, secrets = {} }: AgentSettings, declared: AgentCard): void {
  const missing = secretsOf(declared).filter((secret) => !Object.hasOwn(secrets, secret));
  if (!module || missing.length === 0) return;
  const says = `its tools use secrets that the agent does not have: ${missing.join(', ')}. Set agents.${name}.secrets.${missing[0]}.`;
  throw badModule(module.namedAt, new Error(says));
}

function secretsOf({ tools }: AgentCard): readonly string[] {
  return [...new Set(tools.flatMap(({ secrets }) => secrets))];
}

function badModule(namedAt: string, error: unknown): OpenClawError {
  return new OpenClawError('BAD_CONFIG', `${namedAt}: ${(error as Error).message}`, { cause: error });
}
