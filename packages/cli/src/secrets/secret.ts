import { inspect } from 'node:util';

/** A value that nothing prints: text, JSON and the inspector all show `[secret]`. */
export class Secret {
  readonly #read: () => string;
  readonly #fetch: () => Promise<string>;
  readonly #listeners = new Set<(value: string) => void>();

  /** `read` throws `BAD_CONFIG` where there is no value; `fetch` gets it from a place that can only be waited for. */
  constructor(read: () => string, fetch: () => Promise<string> = async () => read()) {
    this.#read = read;
    this.#fetch = fetch;
  }

  /** The value: of a variable or a file read anew at each use, of other places as it was fetched last. Throws `BAD_CONFIG` when there is none. */
  reveal(): string {
    return this.#tell(this.#read());
  }

  /** The value as its place holds it now. Rejects with `BAD_CONFIG`. */
  async fetch(): Promise<string> {
    return this.#tell(await this.#fetch());
  }

  /** Calls `listener` with each value before it is given to anybody, until the returned function is called. */
  watch(listener: (value: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(value: string): string {
    for (const listener of this.#listeners) listener(value);
    return value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
