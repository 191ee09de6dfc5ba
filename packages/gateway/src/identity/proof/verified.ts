import type { Principal } from '../principal.ts';

/** Who was known by something. */
export interface Known {
  readonly principal: Principal;
  /** Under which guesses at it are counted. */
  readonly name: string;
  isStill(): boolean;
  used?(): void;
}

/** What was looked at with care once, by the hash of what was given: the second time costs a look-up. */
export interface Verified {
  /** Unless it holds no more. */
  find(hash: string): (Known & { readonly addresses: ReadonlySet<string> }) | undefined;
  add(hash: string, known: Known, address: string): void;
  /** He came from there, too. */
  from(known: { readonly addresses: ReadonlySet<string> }, address: string): void;
  /** Whether a principal that was added may still come, also when it was pushed out since. */
  isStill(principal: Principal): boolean;
  /** At most one look at the same thing at a time. */
  once(hash: string, look: () => Promise<Principal>): Promise<Principal>;
}

const MOST = 10_000;
const MOST_ADDRESSES = 16;

export function createVerified(): Verified {
  const entries = new Map<string, Known & { readonly addresses: Set<string> }>();
  const stills = new WeakMap<Principal, () => boolean>();
  const looking = new Map<string, Promise<Principal>>();

  return {
    find(hash) {
      const entry = entries.get(hash);
      if (!entry || entry.isStill()) return entry;
      entries.delete(hash);
      return undefined;
    },
    add(hash, known, address) {
      entries.set(hash, { ...known, addresses: new Set([address]) });
      stills.set(known.principal, () => known.isStill());
      const [oldest] = entries.keys();
      if (entries.size > MOST && oldest !== undefined) entries.delete(oldest);
    },
    from({ addresses }, address) {
      if (addresses.size < MOST_ADDRESSES) (addresses as Set<string>).add(address);
    },
    isStill: (principal) => stills.get(principal)?.() ?? false,
    once(hash, look) {
      const under = looking.get(hash) ?? look().finally(() => looking.delete(hash));
      looking.set(hash, under);
      return under;
    },
  };
}
