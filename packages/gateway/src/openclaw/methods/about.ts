import { defaultAgentOf, readCatalogue } from '../sessions/catalogue.ts';
import { MAIN, sessionNameOf } from '../words/session-key.ts';
import { THINKING_CHOICES, THINKING_WORDS } from '../words/thinking.ts';
import type { Call, House, Method, Seat } from './call.ts';

/** That the server is well: whoever is not answered knows the rest. */
export const health: Method = async ({ house, tenant }) => {
  const { context, book } = house;
  const at = context.clock.now();
  const catalogue = await readCatalogue(context.store);
  const sessions = await book.list(tenant);
  const now = context.clock.wall();
  const recent = sessions.slice(0, 5).map(({ key, updatedMs }) => ({ key, updatedAt: updatedMs, age: Math.max(now - updatedMs, 0) }));
  const defaultAgentId = defaultAgentOf(catalogue);
  return {
    ...healthOf(house),
    durationMs: Math.round(context.clock.now() - at),
    defaultAgentId,
    agents: catalogue.agents.map(({ name }) => ({
      agentId: name,
      isDefault: name === defaultAgentId,
      heartbeat: NO_HEARTBEAT,
      sessions: countsOf(name.toLowerCase()),
    })),
    sessions: { path: 'log', count: sessions.length, recent },
  };

  function countsOf(agent: string): object {
    const own = sessions.filter((entry) => entry.agent === agent).length;
    return { path: 'log', count: own, recent: recent.filter(({ key }) => key.startsWith(`agent:${agent}:`)) };
  }
};

const NO_HEARTBEAT = { enabled: false, every: '0m', everyMs: null, prompt: '', target: 'none', ackMaxChars: 0 };

/** What every client is told when it connects. */
export function healthOf({ context }: House): object {
  return { ok: true, ts: Math.round(context.clock.wall()), channels: {}, channelOrder: [], channelLabels: {}, heartbeatSeconds: 0 };
}

export const status: Method = async ({ house, tenant }) => {
  const { context, book } = house;
  const catalogue = await readCatalogue(context.store);
  const sessions = await book.list(tenant);
  const recent = sessions.slice(0, 10).map(({ key, updatedMs, agent, model = catalogue.defaultModel ?? null }) => ({
    key,
    updatedAt: updatedMs,
    agentId: agent,
    model,
    kind: 'direct',
  }));
  return {
    runtimeVersion: context.serverName,
    uptimeMs: uptimeOf(house),
    ready: house.ready(),
    heartbeat: { defaultAgentId: defaultAgentOf(catalogue), agents: [] },
    channelSummary: [],
    queuedSystemEvents: [],
    sessions: {
      paths: [],
      count: sessions.length,
      defaults: { model: catalogue.defaultModel ?? null, contextTokens: null },
      recent,
      byAgent: [],
    },
  };
};

export function uptimeOf({ context, startedAt }: House): number {
  return Math.max(Math.round(context.clock.now() - startedAt), 0);
}

export const modelsList: Method = async ({ house }) => {
  const { models } = await readCatalogue(house.context.store);
  return {
    models: models.map(({ name, provider }) => ({
      id: name,
      name,
      provider,
      available: true,
      reasoning: true,
      thinkingLevels: THINKING_CHOICES,
    })),
  };
};

export const agentsList: Method = async ({ house }) => {
  const catalogue = await readCatalogue(house.context.store);
  return {
    defaultId: defaultAgentOf(catalogue),
    selectionRequired: false,
    mainKey: MAIN,
    scope: 'per-sender',
    agents: catalogue.agents.map(({ name, model }) => ({
      id: name,
      name,
      ...(model === undefined ? {} : { model: { primary: model } }),
      thinkingLevels: THINKING_CHOICES,
      thinkingOptions: THINKING_WORDS,
    })),
  };
};

export const agentIdentity: Method = async ({ house, params }) => {
  const catalogue = await readCatalogue(house.context.store);
  const sessionKey = params.text('sessionKey', 512);
  const agentId = params.text('agentId', 128, 1);
  const agent = sessionKey ? sessionNameOf(sessionKey, agentId).agent : (agentId ?? defaultAgentOf(catalogue));
  return { agentId: agent, name: agent, nameSource: 'config' };
};

/** Words behind a slash belong to clients here. */
export const commandsList: Method = () => ({ commands: [] });

/** Nobody is told the configuration, which names secrets; that there is one is enough for clients. */
export const configGet: Method = () => ({
  exists: true,
  valid: true,
  config: {},
  runtimeConfig: {},
  parsed: {},
  issues: [],
  warnings: [],
  legacyIssues: [],
});

export const presence: Method = (call) => presenceOf(call);

export function presenceOf({ house, tenant }: Pick<Call, 'house' | 'tenant'>): object[] {
  return house.hub.seats(tenant).map(entryOf);
}

function entryOf({ client, sinceMs, connId }: Seat): object {
  const { id, mode, version, platform, displayName, instanceId } = client;
  return {
    host: displayName ?? id,
    mode,
    version,
    platform,
    ts: Math.round(sinceMs),
    onlineSince: Math.round(sinceMs),
    instanceId: instanceId ?? connId,
    reason: 'connect',
    roles: ['operator'],
    text: `${displayName ?? id} (${mode})`,
  };
}

/** What is asked of people goes another way here. */
export const noQuestions: Method = () => ({ questions: [] });
