import { type RunRecord, type WireRecord } from '@openclaw-runtime/protocol';
import { type Command, type Consumer, createMemoryStore, type RunKey, type Store } from '@openclaw-runtime/store';

/** A store in which a dead owner left a run with these records. */
export async function leftBehind(key: RunKey, records: readonly string[], commands: readonly Command[] = []): Promise<Store> {
  const store = createMemoryStore();
  const [creation = '', ...rest] = records;
  const { fingerprint } = (JSON.parse(creation) as WireRecord)[3] as { readonly fingerprint: string };
  await store.runs.create(key, creation, fingerprint);
  const dead = await store.queue.claim(key, 'dead');
  if (rest.length > 0) dead.append(rest, 'disk');
  await dead.settled();
  for (const command of commands) await store.inbox.put(key, command);
  let owner: Consumer | undefined;
  return {
    ...store,
    queue: {
      ...store.queue,
      consume(name, capacity, consumer) {
        owner = consumer;
        void store.queue.claim(key, name).then((lease) => consumer.leased(lease));
        return store.queue.consume(name, capacity, consumer);
      },
    },
    inbox: {
      async put(run, command, ...options) {
        const put = await store.inbox.put(run, command, ...options);
        if (run === key && !put.dup) owner?.command(key, command);
        return put;
      },
    },
  };
}

/** Records as they were encoded. */
export function encodedOf(records: readonly RunRecord[]): string[] {
  return records.map(({ kind, step, attempt, data, deltas }) =>
    JSON.stringify(deltas ? [kind, step, attempt, data, deltas] : [kind, step, attempt, data]),
  );
}
