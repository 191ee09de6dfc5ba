import { type Audit, argsHashOf } from '../../audit/audit.ts';
import type { Issuer } from './issue.ts';
import type { KeyInfo } from './key.ts';

/** The same, and each key that is made, changed or taken back is noted by its id. */
export function notedIssuer(keys: Issuer, audit: Pick<Audit, 'note'>): Issuer {
  return {
    list: (by) => keys.list(by),
    async create(by, asked) {
      const issued = await keys.create(by, asked);
      note('key.create', by, issued.key, asked);
      return issued;
    },
    async rotate(by, id, graceMs) {
      const issued = await keys.rotate(by, id, graceMs);
      note('key.rotate', by, issued.key, { graceMs });
      return issued;
    },
    async revoke(by, id) {
      const key = await keys.revoke(by, id);
      note('key.revoke', by, key, {});
      return key;
    },
  };

  function note(action: string, principal: Parameters<Issuer['list']>[0], { id }: KeyInfo, asked: object): void {
    audit.note({ principal, action, target: id, decision: 'allowed', argsHash: argsHashOf(asked) });
  }
}
