import { type Link, LinkedList } from './linked-list.ts';

/** Groups take turns; within a group whoever came first goes first. So nobody waits for more than one of each other group per one of his own. */
export interface FairQueue<T> {
  readonly size: number;
  /** Whose turn it is. */
  readonly first: T | undefined;
  /** Gives what takes it out again, if it is still there. */
  push(group: string, item: T): () => void;
  /** The first one goes; its group is the last then. */
  shift(): T | undefined;
  /** How many would go before one more of this group, if no others came. */
  ahead(group: string): number;
}

interface Group<T> {
  readonly name: string;
  readonly items: LinkedList<T>;
  /** Among the groups. */
  link: Link<Group<T>> | undefined;
}

export function createFairQueue<T>(): FairQueue<T> {
  /** Only groups with somebody waiting: in the order of their turns, and by name. */
  const ring = new LinkedList<Group<T>>();
  const byName = new Map<string, Group<T>>();
  let size = 0;

  const groupOf = (name: string): Group<T> => {
    const known = byName.get(name);
    if (known) return known;
    const group: Group<T> = { name, items: new LinkedList(), link: undefined };
    group.link = ring.push(group);
    byName.set(name, group);
    return group;
  };

  const leave = (group: Group<T>, item: Link<T>): void => {
    if (!group.items.remove(item)) return;
    size--;
    if (group.items.size > 0) return;
    if (group.link) ring.remove(group.link);
    byName.delete(group.name);
  };

  return {
    get size() {
      return size;
    },
    get first() {
      return ring.first?.items.first;
    },
    push(name, item) {
      const group = groupOf(name);
      const link = group.items.push(item);
      size++;
      return () => leave(group, link);
    },
    shift() {
      const group = ring.shift();
      if (!group) return undefined;
      const item = group.items.shift();
      size--;
      if (group.items.size > 0) group.link = ring.push(group);
      else byName.delete(group.name);
      return item;
    },
    ahead(name) {
      const own = byName.get(name)?.items.size ?? 0;
      if (own === 0) return byName.size;
      let ahead = own;
      /** Those whose turn comes before ours have one more. */
      let earlier = 1;
      for (const group of ring) {
        if (group.name === name) earlier = 0;
        else ahead += Math.min(group.items.size, own + earlier);
      }
      return ahead;
    },
  };
}
