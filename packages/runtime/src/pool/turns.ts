/** Those that wait, tenants taking turns; within a tenant whoever came first goes first. */
export interface Turns<T> {
  readonly size: number;
  /** Whose turn it is. */
  readonly first: T | undefined;
  push(tenant: string, item: T): void;
  /** The first one goes; its tenant is the last then. */
  shift(): T | undefined;
  remove(tenant: string, item: T): void;
}

export function createTurns<T>(): Turns<T> {
  /** Only tenants with somebody waiting, in the order of their turns. */
  const tenants = new Map<string, Set<T>>();
  let size = 0;

  const remove = (tenant: string, item: T): boolean => {
    const items = tenants.get(tenant);
    if (!items?.delete(item)) return false;
    size--;
    if (items.size === 0) tenants.delete(tenant);
    return true;
  };

  return {
    get size() {
      return size;
    },
    get first() {
      const items = tenants.values().next().value;
      return items?.values().next().value;
    },
    push(tenant, item) {
      const items = tenants.get(tenant);
      if (items) items.add(item);
      else tenants.set(tenant, new Set([item]));
      size++;
    },
    shift() {
      const [next] = tenants;
      if (!next) return undefined;
      const [tenant, items] = next;
      const [item] = items;
      remove(tenant, item as T);
      if (items.size > 0) {
        tenants.delete(tenant);
        tenants.set(tenant, items);
      }
      return item;
    },
    remove(tenant, item) {
      remove(tenant, item);
    },
  };
}
