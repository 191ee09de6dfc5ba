import { createLine, type Line, type Place } from './line.ts';

/** Tenants take turns; within a tenant whoever came first goes first. So nobody waits for more than one call of each other tenant per call of his own. */
export interface FairQueue<T> {
  readonly size: number;
  /** Whose turn it is. */
  readonly first: T | undefined;
  push(tenant: string, item: T): Turn<T>;
  shift(): T | undefined;
  /** Does nothing for one that had its turn. */
  remove(turn: Turn<T>): void;
  /** How many would go before one more of this tenant, if no others came. */
  ahead(tenant: string): number;
}

export interface Turn<T> {
  readonly tenant: Tenant<T>;
  readonly place: Place<T>;
}

interface Tenant<T> {
  readonly name: string;
  readonly items: Line<T>;
  /** In the ring of tenants that have somebody waiting. */
  place: Place<Tenant<T>> | undefined;
}

export function createFairQueue<T>(): FairQueue<T> {
  /** Only tenants with somebody waiting: in the order of their turns, and by name. */
  const ring = createLine<Tenant<T>>();
  const byName = new Map<string, Tenant<T>>();
  let size = 0;

  const rest = (tenant: Tenant<T>): void => {
    if (tenant.items.size > 0) return;
    if (tenant.place) ring.remove(tenant.place);
    byName.delete(tenant.name);
  };

  return {
    get size() {
      return size;
    },
    get first() {
      return ring.first?.items.first;
    },
    push(name, item) {
      let tenant = byName.get(name);
      if (!tenant) {
        tenant = { name, items: createLine<T>(), place: undefined };
        tenant.place = ring.push(tenant);
        byName.set(name, tenant);
      }
      size++;
      return { tenant, place: tenant.items.push(item) };
    },
    shift() {
      const tenant = ring.shift();
      if (!tenant) return undefined;
      const item = tenant.items.shift();
      size--;
      if (tenant.items.size > 0) tenant.place = ring.push(tenant);
      else rest(tenant);
      return item;
    },
    remove({ tenant, place }) {
      const before = tenant.items.size;
      tenant.items.remove(place);
      if (tenant.items.size === before) return;
      size--;
      rest(tenant);
    },
    ahead(name) {
      const own = byName.get(name)?.items.size ?? 0;
      if (own === 0) return byName.size;
      let ahead = own;
      /** Those whose turn comes before ours have one more. */
      let earlier = 1;
      for (const tenant of ring) {
        if (tenant.name === name) earlier = 0;
        else ahead += Math.min(tenant.items.size, own + earlier);
      }
      return ahead;
    },
  };
}
