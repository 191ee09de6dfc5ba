import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Created, RunKey, Store } from '@openclaw-runtime/store';
import type { Admission, Asker, Place } from '../limits/admission.ts';

export interface Admitting {
  readonly store: Store;
  /** Absent: there is no limit to what is begun. */
  readonly admission?: Pick<Admission, 'session' | 'place' | 'born'>;
  /** Who begins it, where that is known. */
  readonly asker?: Asker;
}

/** Creates the run as one of those that whoever asks has at work. Rejects with `RATE_LIMITED` where that are too many already, or where no session may begin. */
export async function createAdmitted(
  { store, admission, asker }: Admitting,
  key: RunKey,
  record: string,
  fingerprint: string,
  { tenant, session }: { readonly tenant: string; readonly session: string | undefined },
): Promise<Created> {
  const tight = admission?.session(tenant, session);
  if (tight) await tight;
  let place: Place | undefined;
  try {
    if (asker) place = admission?.place(asker);
  } catch (error) {
    await unlessCreated(store, key, error);
  }
  let isCreated = false;
  try {
    const made = await store.runs.create(key, record, fingerprint);
    isCreated = made.created;
    if (isCreated) admission?.born(key, place, session !== undefined);
    return made;
  } finally {
    if (!isCreated) place?.leave();
  }
}

/** Throws the error, unless the run is there. */
export async function unlessCreated(store: Store, key: RunKey, error: unknown): Promise<void> {
  try {
    await store.runs.read(key, 0, 1);
  } catch {
    throw OpenClawError.from(error);
  }
}
