import type { Audit } from './audit.ts';

/** An audit log that knows how often something was refused since the process began, by the error word. */
export interface CountedAudit extends Audit {
  readonly refused: Readonly<Record<string, number>>;
}

/** The same, and counted. */
export function countedAudit(audit: Audit): CountedAudit {
  const refused: Record<string, number> = {};
  return {
    refused,
    note(entry) {
      const { decision, why } = entry;
      if (decision === 'refused' && why !== undefined) refused[why] = (refused[why] ?? 0) + 1;
      audit.note(entry);
    },
    ensure: (entry) => audit.ensure(entry),
  };
}
