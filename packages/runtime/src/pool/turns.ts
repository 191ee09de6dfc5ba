import { type Link, LinkedList } from '@openclaw-runtime/kit';

/** Those that wait, tenants taking turns; within a tenant whoever came first goes first. */
export interface Turns<T> {
  readonly size: number;
  /** Whose turn it is. */
  readonly first: T | undefined;
  /** Gives what takes it away again, if it is still there. */
  push(tenant: string, item: T): () => void;
  /** The first one goes; its tenant is the last then. */
  shift(): T | undefined;
}

/** Those of one tenant. */
interface Line<T> {
  readonly tenant: string;
  readonly items: LinkedList<T>;
  /** Among the other tenants'. */
  link: Link<Line<T>> | undefined;
}

export function createTurns<T>(): Turns<T> {
  /** Only those with somebody waiting, in the order of their turns. */
  const lines = new LinkedList<Line<T>>();
  const ofTenant = new Map<string, Line<T>>();
  let size = 0;

  const lineOf = (tenant: string): Line<T> => {
    const known = ofTenant.get(tenant);
    if (known) return known;
    const line: Line<T> = { tenant, items: new LinkedList(), link: undefined };
    line.link = lines.push(line);
    ofTenant.set(tenant, line);
    return line;
  };

  const leave = (line: Line<T>, item: Link<T>): void => {
    if (!line.items.remove(item)) return;
    size--;
    if (line.items.size > 0) return;
    lines.remove(line.link as Link<Line<T>>);
    ofTenant.delete(line.tenant);
  };

  return {
    get size() {
      return size;
    },
    get first() {
      return lines.first?.value.items.first?.value;
    },
    push(tenant, item) {
      const line = lineOf(tenant);
      const link = line.items.push(item);
      size++;
      return () => leave(line, link);
    },
    shift() {
      const line = lines.first?.value;
      const item = line?.items.first;
      if (!line || !item) return undefined;
      leave(line, item);
      if (line.items.size > 0) {
        lines.remove(line.link as Link<Line<T>>);
        line.link = lines.push(line);
      }
      return item.value;
    },
  };
}
