import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';

/** A conversation's name, as this protocol has it: `agent:<agent>:<rest>`. It is also the name of the session that its runs belong to. */
export interface SessionName {
  readonly key: string;
  readonly agent: string;
}

export const MAIN = 'main';
export const DEFAULT_AGENT = 'default';
const FORM = /^agent:([^:\s]+):(\S[^\n]*)$/i;
/** Names that clients use for an agent's one conversation. */
const MAIN_NAMES: ReadonlySet<string> = new Set([MAIN, 'global', 'unknown', '']);

/** Of what a client calls it; a name without an agent is of the agent that it says beside, or of the default one. Throws `BAD_REQUEST`. */
export function sessionNameOf(given: string, agentId?: string): SessionName {
  const text = given.trim();
  const [, named, rest] = FORM.exec(text) ?? [];
  if (named === undefined && /^agent:/i.test(text)) throw bad(`A session key is agent:<agent>:<name>, not ${text.slice(0, 64)}.`);
  const agent = (named ?? agentId ?? DEFAULT_AGENT).toLowerCase();
  if (agentId !== undefined && agentId.toLowerCase() !== agent)
    throw bad(`The session is one of the agent ${agent}, not of ${agentId.slice(0, 64)}.`);
  const name = rest ?? (MAIN_NAMES.has(text.toLowerCase()) ? MAIN : text);
  const key = `agent:${agent}:${name.toLowerCase()}`;
  // Behind it stands the number of its reset.
  if (key.length > LIMITS.maxNameLength - 8) throw bad(`A session key has at most ${LIMITS.maxNameLength - 8} characters.`);
  return { key, agent };
}

function bad(message: string): OpenClawError {
  return new OpenClawError('BAD_REQUEST', message);
}
