import type { Message } from '@openclaw-runtime/protocol';

/** Something that is asked, in any of the shapes that agents take: a text, `{query}`, `{input}`, an analysis. */
export type AskedOf =
  | string
  | { readonly query?: string | undefined; readonly input?: string | readonly Message[] | undefined; readonly operation?: string };

/** What a person said last in it; '' where nobody says anything. */
export function queryOf(asked: AskedOf): string {
  if (typeof asked === 'string') return asked;
  const { input, query = input } = asked;
  if (typeof query === 'string') return query;
  return query?.findLast(({ role }) => role === 'user')?.content ?? '';
}
