import type { Permission } from '../../identity/permissions.ts';
import { agentIdentity, agentsList, commandsList, configGet, health, modelsList, noQuestions, presence, status } from './about.ts';
import { agent, agentWait } from './agent.ts';
import { approvalList, approvalResolve } from './approvals.ts';
import type { Method } from './call.ts';
import { chatAbort, chatHistory, chatSend } from './chat.ts';
import {
  messagesSubscribe,
  messagesUnsubscribe,
  sessionsCreate,
  sessionsDelete,
  sessionsDescribe,
  sessionsList,
  sessionsPatch,
  sessionsReset,
  sessionsResolve,
  sessionsSubscribe,
} from './sessions.ts';

export interface Row extends Permission {
  readonly method: Method;
  /** Its answer may be long: few of them are made at once, and none while the client takes nothing. */
  readonly isLong?: true;
}

const read = (method: Method): Row => ({ scope: 'read', method });
const long = (method: Method): Row => ({ scope: 'read', method, isLong: true });
const run = (method: Method): Row => ({ scope: 'run', method });

/** All that is served, and what it takes. */
export const METHODS: Readonly<Record<string, Row>> = {
  health: long(health),
  status: long(status),
  'system-presence': read(presence),
  'config.get': read(configGet),
  'models.list': read(modelsList),
  'agents.list': read(agentsList),
  'agent.identity.get': read(agentIdentity),
  'commands.list': read(commandsList),
  'question.list': read(noQuestions),
  'plugin.approval.list': read(approvalList),
  'plugin.approval.resolve': { scope: 'approve', method: approvalResolve },
  'sessions.list': long(sessionsList),
  'sessions.describe': long(sessionsDescribe),
  'sessions.resolve': long(sessionsResolve),
  'sessions.subscribe': read(sessionsSubscribe),
  'sessions.messages.subscribe': read(messagesSubscribe),
  'sessions.messages.unsubscribe': read(messagesUnsubscribe),
  'sessions.create': run(sessionsCreate),
  'sessions.patch': run(sessionsPatch),
  'sessions.reset': run(sessionsReset),
  'sessions.delete': run(sessionsDelete),
  'sessions.send': { ...run(chatSend), starts: true },
  'sessions.abort': run(chatAbort),
  'chat.history': long(chatHistory),
  'chat.send': { ...run(chatSend), starts: true },
  'chat.abort': run(chatAbort),
  agent: { ...run(agent), starts: true },
  'agent.wait': read(agentWait),
};

export const EVENTS = [
  'connect.challenge',
  'tick',
  'shutdown',
  'chat',
  'agent',
  'session.message',
  'sessions.changed',
  'plugin.approval.requested',
  'plugin.approval.resolved',
] as const;
