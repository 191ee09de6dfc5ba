import type { DatabaseSync } from 'node:sqlite';
import { damaged, sealOf } from './damage.ts';

/** What a tenant's runs take that have left the journal. */
export interface TenantSize {
  readonly runs: number;
  /** Characters of their segments and snapshots. */
  readonly chars: number;
}

export interface Tenants {
  /** Gathers a change, to be written by `flush` in the same transaction or forgotten by `forget`. */
  add(tenant: string, change: TenantSize): void;
  flush(): void;
  forget(): void;
  names(): readonly string[];
  /** Throws `DATA_DAMAGED`. */
  size(tenant: string): TenantSize;
}

export function createTenants(db: DatabaseSync, path: string): Tenants {
  const select = db.prepare('SELECT runs, chars, crc FROM tenant WHERE name = ?');
  const replace = db.prepare('INSERT OR REPLACE INTO tenant VALUES (?, ?, ?, ?)');
  const list = db.prepare('SELECT name FROM tenant ORDER BY name');
  let changes = new Map<string, TenantSize>();

  const size = (tenant: string): TenantSize => {
    const row = select.get(tenant) as (TenantSize & { readonly crc: number }) | undefined;
    if (!row) return { runs: 0, chars: 0 };
    if (sealOf(tenant, row.runs, row.chars) !== row.crc) throw damaged(path, `the size of tenant ${tenant}`);
    return { runs: row.runs, chars: row.chars };
  };

  return {
    add(tenant, { runs, chars }) {
      const so = changes.get(tenant);
      changes.set(tenant, so ? { runs: so.runs + runs, chars: so.chars + chars } : { runs, chars });
    },
    flush() {
      for (const [tenant, { runs, chars }] of changes) {
        const before = size(tenant);
        const after = { runs: before.runs + runs, chars: before.chars + chars };
        replace.run(tenant, after.runs, after.chars, sealOf(tenant, after.runs, after.chars));
      }
      changes = new Map();
    },
    forget() {
      changes = new Map();
    },
    names: () => list.all().map(({ name }) => name as string),
    size,
  };
}
