import type { AuditEvent } from './record.ts';

/**
 * Keeps refusals from filling the log: of each kind the first is written, those that follow within a second are counted, and the count is written then. A kind is who
 * was refused what and why, so an attacker has few of them; beyond the most that are told apart, all count as one.
 */
export interface Flood {
  /** Whether this one has a record of its own. */
  lets(event: AuditEvent, now: number): boolean;
  /** Counts that are due. */
  due(now: number): readonly Counted[];
  readonly empty: boolean;
}

export interface Counted {
  readonly event: AuditEvent;
  readonly times: number;
}

interface Kind {
  readonly event: AuditEvent;
  readonly until: number;
  times: number;
}

const SPAN_MS = 1_000;
const MOST_KINDS = 1_000;
const OTHERS: AuditEvent = { principal: { tenant: '*', id: '*' }, action: 'refused.others', decision: 'refused' };

export function createFlood(): Flood {
  const kinds = new Map<string, Kind>();
  return {
    lets(event, now) {
      const { principal, action, why } = event;
      const full = kinds.size >= MOST_KINDS;
      const name = `${principal.tenant}\n${principal.id}\n${action}\n${why ?? ''}`;
      const known = kinds.get(name) ?? (full ? kinds.get('others') : undefined);
      if (known) {
        known.times++;
        return false;
      }
      if (!full)
        kinds.set(name, {
          event: { principal, action, decision: 'refused', ...(why !== undefined && { why }) },
          until: now + SPAN_MS,
          times: 0,
        });
      else kinds.set('others', { event: OTHERS, until: now + SPAN_MS, times: 1 });
      return !full;
    },
    due(now) {
      const counted: Counted[] = [];
      for (const [name, kind] of kinds) {
        if (kind.until > now) continue;
        kinds.delete(name);
        if (kind.times > 0) {
          counted.push({ event: kind.event, times: kind.times });
          // Goes on counting: a flood that lasts has one record a second.
          if (name !== 'others') kinds.set(name, { event: kind.event, until: now + SPAN_MS, times: 0 });
        }
      }
      return counted;
    },
    get empty() {
      return kinds.size === 0;
    },
  };
}
