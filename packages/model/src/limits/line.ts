/** A place in a {@link Line}, and what stands there. */
export interface Place<T> {
  readonly value: T;
}

/** First come, first served; whoever gives up leaves no gap. Everything at constant cost. */
export interface Line<T> {
  readonly size: number;
  readonly first: T | undefined;
  push(value: T): Place<T>;
  shift(): T | undefined;
  /** Does nothing for a place that is not in the line any more. */
  remove(place: Place<T>): void;
  [Symbol.iterator](): Iterator<T>;
}

interface Node<T> extends Place<T> {
  before: Node<T> | undefined;
  after: Node<T> | undefined;
  gone: boolean;
}

export function createLine<T>(): Line<T> {
  let head: Node<T> | undefined;
  let tail: Node<T> | undefined;
  let size = 0;

  const unlink = (node: Node<T>): void => {
    if (node.gone) return;
    node.gone = true;
    size--;
    if (node.before) node.before.after = node.after;
    else head = node.after;
    if (node.after) node.after.before = node.before;
    else tail = node.before;
  };

  return {
    get size() {
      return size;
    },
    get first() {
      return head?.value;
    },
    push(value) {
      const node: Node<T> = { value, before: tail, after: undefined, gone: false };
      if (tail) tail.after = node;
      else head = node;
      tail = node;
      size++;
      return node;
    },
    shift() {
      const node = head;
      if (node) unlink(node);
      return node?.value;
    },
    remove: (place) => unlink(place as Node<T>),
    *[Symbol.iterator]() {
      for (let node = head; node; node = node.after) yield node.value;
    },
  };
}
