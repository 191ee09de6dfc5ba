import { OpenClawError, type Payloads, type WireRecord } from '@openclaw-runtime/protocol';
import { runKey, type Store } from '@openclaw-runtime/store';

/** The answer under way in a chat. */
export interface Current {
  readonly run: string;
  /** See `Door`. */
  readonly leaseMs: number | undefined;
}

/** Its latest answer is this one. Durable when it resolves. */
export async function remember({ state }: Pick<Store, 'state'>, tenant: string, chat: string, run: string): Promise<void> {
  for (;;) {
    const found = await state.get(tenant, keyOf(chat));
    if (found?.value === run) return;
    try {
      await state.put(tenant, keyOf(chat), run, found?.rev ?? 0);
      return;
    } catch (error) {
      // Another answer began in the same moment: the later one counts.
      if (!(error instanceof OpenClawError && error.code === 'STATE_CONFLICT')) throw error;
    }
  }
}

/** The chat's latest answer, unless it has ended. */
export async function currentOf(
  { state, runs }: Pick<Store, 'state' | 'runs'>,
  tenant: string,
  chat: string,
): Promise<Current | undefined> {
  const found = await state.get(tenant, keyOf(chat));
  if (!found) return undefined;
  try {
    const { head, chunk, snapshot } = await runs.read(runKey(tenant, found.value), 0, 1);
    if (head.done) return undefined;
    const [first] = JSON.parse(`[${chunk?.body ?? snapshot?.creation}]`) as [WireRecord];
    const { door } = first[3] as Payloads['run.created'];
    return { run: found.value, leaseMs: typeof door?.['leaseMs'] === 'number' ? door['leaseMs'] : undefined };
  } catch (error) {
    if (error instanceof OpenClawError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function keyOf(chat: string): string {
  return `ui-chat/${chat}`;
}
