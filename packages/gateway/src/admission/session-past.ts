import type { Message, RunRequest } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';
import type { Past } from './past.ts';

/** What a session held when a run of it spoke: messages before the run's input, and those that were held for behind it. */
export interface SaidBefore {
  readonly messages: readonly Message[];
  readonly held: readonly Message[];
}

/** A session as the runtime keeps it in the store's state. */
interface SessionState {
  readonly messages: readonly Message[];
  readonly last: string;
  readonly found?: { readonly count: number; readonly held: readonly Message[] };
}

/** What a run of a session had been told of it. Of a run that left nothing in the session that is all the session holds. */
export async function saidBefore(store: Store, tenant: string, session: string, run: string, past: Past): Promise<SaidBefore> {
  const found = await store.state.get(tenant, `session/${session}`);
  if (!found) return { messages: [], held: [] };
  const state = JSON.parse(found.value) as SessionState;
  const { messages } = state;
  if (state.last === run && state.found) return { messages: messages.slice(0, state.found.count), held: state.found.held };
  const place = placeOf(messages, past.request.input, past.firstText);
  return { messages: place < 0 ? messages : messages.slice(0, place), held: [] };
}

/** Where the session holds the run's input with the first answer behind it: the last such place, or -1. */
function placeOf(messages: readonly Message[], input: RunRequest['input'], answer: string): number {
  const asked: readonly Message[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  const said = [...asked, { role: 'assistant', content: answer }];
  for (let at = messages.length - said.length; at >= 0; at--) {
    if (said.every(({ role, content }, i) => messages[at + i]?.role === role && messages[at + i]?.content === content)) return at;
  }
  return -1;
}
