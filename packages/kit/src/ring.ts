/** A queue in one list whose places are used again: what was taken is held no longer, and, unlike after `slice`, no list of before holds it either. */
export class Ring<T> {
  #items: (T | undefined)[] = Array.from({ length: 16 });
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size++) & (this.#items.length - 1)] = item;
  }

  /** The one that came first of those that are there. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#size--;
    return item;
  }

  #grow(): void {
    const before = this.#items;
    this.#items = Array.from({ length: before.length * 2 }, (_, i) =>
      i < this.#size ? before[(this.#head + i) & (before.length - 1)] : undefined,
    );
    this.#head = 0;
  }
}
