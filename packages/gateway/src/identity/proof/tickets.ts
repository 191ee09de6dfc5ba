import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { hashOf, makeSecret } from '../keys/key-text.ts';
import type { Principal } from '../principal.ts';

/** What a web page comes in with: good once, for half a minute, for pages of one origin. So no page needs to be trusted with a key. */
export interface Tickets {
  /** Throws `RATE_LIMITED` where too many are out. */
  issue(principal: Principal, origin: string): { readonly ticket: string; readonly expiresInMs: number };
  /** Whose it is. It is used up by that, also where it is refused; `undefined` for what is no ticket, or is none any more. */
  redeem(ticket: string, origin: string | undefined): Principal | undefined;
}

interface Ticket {
  readonly principal: Principal;
  readonly origin: string;
  readonly until: number;
}

const LIFE_MS = 30_000;
const MOST = 10_000;
const FORM = /^ticket_[0-9A-Za-z]{43}$/;

export function createTickets(clock: Clock, random: Random): Tickets {
  const out = new Map<string, Ticket>();
  const sweep = (): void => {
    for (const [hash, { until }] of out) {
      if (until > clock.now()) return;
      out.delete(hash);
    }
  };
  return {
    issue(principal, origin) {
      sweep();
      if (out.size >= MOST)
        throw new OpenClawError('RATE_LIMITED', 'Too many tickets wait to be used. Ask again in a moment.', { retryAfterMs: 1_000 });
      const ticket = `ticket_${makeSecret(random)}`;
      out.set(hashOf(ticket), { principal, origin, until: clock.now() + LIFE_MS });
      return { ticket, expiresInMs: LIFE_MS };
    },
    redeem(ticket, origin) {
      sweep();
      const hash = hashOf(ticket);
      const found = out.get(hash);
      out.delete(hash);
      return found && found.origin === origin ? found.principal : undefined;
    },
  };
}

export function looksLikeTicket(token: string): boolean {
  return FORM.test(token);
}
