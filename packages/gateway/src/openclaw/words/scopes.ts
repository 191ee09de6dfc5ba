import type { Principal, Scope } from '../../identity/principal.ts';

/** What the scopes of this protocol are in ours. */
const OURS: Readonly<Record<string, readonly Scope[]>> = {
  'operator.read': ['read'],
  'operator.write': ['read', 'run'],
  'operator.approvals': ['read', 'approve'],
  'operator.admin': ['read', 'run', 'approve', 'operate', 'admin'],
};
const WORDS = Object.keys(OURS);

/** The word of this protocol that a client lacks. */
export const WORD_OF: Readonly<Record<Scope, string>> = {
  read: 'operator.read',
  run: 'operator.write',
  approve: 'operator.approvals',
  operate: 'operator.admin',
  admin: 'operator.admin',
};

/** What a connection may do: no more than its principal, and no more than it asked for. */
export interface Granted {
  readonly scopes: ReadonlySet<Scope>;
  readonly words: readonly string[];
}

export function grant({ scopes }: Principal, asked: readonly string[] | undefined): Granted {
  const wanted = asked ? new Set(asked.flatMap((word) => OURS[word] ?? [])) : scopes;
  const both = new Set([...scopes].filter((scope) => wanted.has(scope)));
  return { scopes: both, words: WORDS.filter((word) => OURS[word]?.every((scope) => both.has(scope))) };
}
