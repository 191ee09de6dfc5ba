/** The models that a step may ask: the one that was wanted, then its fallbacks. Says who is asked now. */
export class Chain {
  asked: string;
  #models: readonly string[];
  /** Given up since somebody last spoke. */
  #givenUp: readonly string[] = [];

  constructor(models: readonly string[], first: string) {
    this.#models = models;
    this.asked = first;
  }

  /** There is no other to ask. */
  get isAlone(): boolean {
    return this.#models.length === 1;
  }

  /** Gives up on the one that is asked, and asks the first that was not given up. False when there is none: the asked one stays. */
  pass(): boolean {
    this.#givenUp = [...this.#givenUp, this.asked];
    const next = this.#models.find((model) => !this.#givenUp.includes(model));
    if (next !== undefined) this.asked = next;
    return next !== undefined;
  }

  /** From now on the first of which this holds is asked before the one that is asked now, which comes last. False when there is none. */
  prefer(isGood: (model: string) => boolean): boolean {
    const good = this.#models.find((model) => model !== this.asked && isGood(model));
    if (good === undefined) return false;
    this.#models = [good, ...this.#models.filter((model) => model !== good && model !== this.asked), this.asked];
    this.asked = good;
    return true;
  }

  /** Like `pass`, and for good. */
  drop(): boolean {
    const dropped = this.asked;
    const passed = this.pass();
    if (passed) this.#models = this.#models.filter((model) => model !== dropped);
    return passed;
  }

  /** A new round, from who spoke. */
  restart(spoke: string | undefined): void {
    this.#givenUp = [];
    this.asked = spoke !== undefined && this.#models.includes(spoke) ? spoke : (this.#models[0] ?? this.asked);
  }
}
