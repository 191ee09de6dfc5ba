/** A map that mostly holds one thing, if any: the first takes no table, which would be a quarter of a kilobyte for each of thousands of them. */
export class SmallMap<K, V> {
  #key: K | undefined;
  #value: V | undefined;
  #hasOne = false;
  #others: Map<K, V> | undefined;

  get size(): number {
    return (this.#hasOne ? 1 : 0) + (this.#others?.size ?? 0);
  }

  get(key: K): V | undefined {
    return this.#isOne(key) ? this.#value : this.#others?.get(key);
  }

  set(key: K, value: V): void {
    if (this.#isOne(key)) this.#value = value;
    else if (this.#hasOne || this.#others?.has(key)) (this.#others ??= new Map()).set(key, value);
    else {
      this.#key = key;
      this.#value = value;
      this.#hasOne = true;
    }
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    if (!this.#isOne(key)) return this.#others?.delete(key) ?? false;
    this.#key = undefined;
    this.#value = undefined;
    this.#hasOne = false;
    return true;
  }

  clear(): void {
    if (this.#hasOne) this.delete(this.#key as K);
    this.#others = undefined;
  }

  /** In no order. */
  values(): V[] {
    const others = this.#others ? [...this.#others.values()] : [];
    return this.#hasOne ? [this.#value as V, ...others] : others;
  }

  #isOne(key: K): boolean {
    return this.#hasOne && this.#key === key;
  }
}
