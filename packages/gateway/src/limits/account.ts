import { Bucket } from './bucket.ts';
import { type LimitRules, SECONDS_AT_ONCE } from './rules.ts';

type Flow = 'messages' | 'bytes' | 'runs';

const RATES = { messages: 'messagesPerSecond', bytes: 'bytesPerSecond', runs: 'runsPerSecond' } as const;

/** What one key, tenant or address has taken. */
export class Account {
  readonly rules: LimitRules;
  connections = 0;
  runs = 0;
  readonly #buckets: { [K in Flow]?: Bucket } = {};

  constructor(rules: LimitRules) {
    this.rules = rules;
  }

  /** Milliseconds until that much may be taken. */
  waitMs(flow: Flow, count: number, now: number): number {
    const perSecond = this.rules[RATES[flow]];
    if (perSecond === undefined) return 0;
    return this.#bucket(flow, perSecond, now).waitMs(count, perSecond, perSecond * SECONDS_AT_ONCE, now);
  }

  take(flow: Flow, count: number, now: number): void {
    const perSecond = this.rules[RATES[flow]];
    if (perSecond !== undefined) this.#bucket(flow, perSecond, now).take(count);
  }

  left(flow: Flow, now: number): number | undefined {
    const perSecond = this.rules[RATES[flow]];
    return perSecond === undefined ? undefined : this.#bucket(flow, perSecond, now).left(perSecond, perSecond * SECONDS_AT_ONCE, now);
  }

  /** Nothing of it is at work, so that forgetting it forgives two seconds at most. */
  get idle(): boolean {
    return this.connections === 0 && this.runs === 0;
  }

  #bucket(flow: Flow, perSecond: number, now: number): Bucket {
    return (this.#buckets[flow] ??= new Bucket(perSecond * SECONDS_AT_ONCE, now));
  }
}

/** Accounts by name, at most so many: of those beyond, the one that was used longest ago and has nothing at work is forgotten. */
export interface Accounts {
  of(name: string): Account;
  readonly size: number;
}

const LOOKED_AT = 16;

export function createAccounts(rules: LimitRules, most: number): Accounts {
  const accounts = new Map<string, Account>();
  /** All that there is no room for. */
  const others = new Account(rules);
  const makeRoom = (): void => {
    let looked = 0;
    for (const [name, account] of accounts) {
      accounts.delete(name);
      if (account.idle) return;
      // At work: it counts as used.
      accounts.set(name, account);
      if (++looked === LOOKED_AT) break;
    }
  };
  return {
    of(name) {
      const known = accounts.get(name);
      if (known) {
        // The order of the map is the order of use, as far as that matters: only where room is getting scarce.
        if (accounts.size > most / 2) {
          accounts.delete(name);
          accounts.set(name, known);
        }
        return known;
      }
      if (accounts.size >= most) makeRoom();
      if (accounts.size >= most) return others;
      const account = new Account(rules);
      accounts.set(name, account);
      return account;
    },
    get size() {
      return accounts.size;
    },
  };
}
