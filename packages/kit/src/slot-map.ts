/**
 * A map for what comes and goes by the thousand, such as runs. Behaves as `Map` does, insertion order included.
 *
 * A `Map` that fills with deleted entries is given a new table. Where the map is old, V8 puts the new one beside the old one into the old generation, and the old one,
 * dead, still holds what was in it: young objects, with all that hangs on them, which each minor collection then copies and at last promotes. Here the tables
 * hold numbers, and the objects are in one list whose places are used again.
 */
export class SlotMap<K extends string | number, V> {
  readonly #slotOf = new Map<K, number>();
  readonly #slots: (V | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#slotOf.size;
  }

  get(key: K): V | undefined {
    const slot = this.#slotOf.get(key);
    return slot === undefined ? undefined : this.#slots[slot];
  }

  has(key: K): boolean {
    return this.#slotOf.has(key);
  }

  set(key: K, value: V): void {
    let slot = this.#slotOf.get(key);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#slots.length;
      this.#slotOf.set(key, slot);
    }
    this.#slots[slot] = value;
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return false;
    this.#slotOf.delete(key);
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    return true;
  }

  clear(): void {
    for (const slot of this.#slotOf.values()) {
      this.#slots[slot] = undefined;
      this.#free.push(slot);
    }
    this.#slotOf.clear();
  }

  /** In the order in which the keys were set first; may change while they are gone through. */
  *values(): Generator<V> {
    for (const slot of this.#slotOf.values()) yield this.#slots[slot] as V;
  }
}
