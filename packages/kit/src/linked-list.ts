/** A value's place in a list. */
export interface Link<T> {
  readonly value: T;
}

interface Node<T> extends Link<T> {
  list: LinkedList<T> | undefined;
  before: Node<T> | undefined;
  after: Node<T> | undefined;
}

/**
 * A queue that whoever is in it may leave at any time. Everything at constant cost: the first of a `Set` is looked for among the places of all who left before it; here
 * nobody is looked for.
 */
export class LinkedList<T> {
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first?.value;
  }

  push(value: T): Link<T> {
    const node: Node<T> = { value, list: this, before: this.#last, after: undefined };
    if (this.#last) this.#last.after = node;
    else this.#first = node;
    this.#last = node;
    this.#size++;
    return node;
  }

  shift(): T | undefined {
    const node = this.#first;
    if (node) this.remove(node);
    return node?.value;
  }

  /** Whether it was there. */
  remove(link: Link<T>): boolean {
    const node = link as Node<T>;
    if (node.list !== this) return false;
    const { before, after } = node;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    // One that is old and dead would keep its young neighbours.
    node.list = node.before = node.after = undefined;
    this.#size--;
    return true;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let node = this.#first; node; node = node.after) yield node.value;
  }
}
