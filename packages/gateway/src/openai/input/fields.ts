import { OpenClawError } from '@openclaw-runtime/protocol';

/** The fields of an object that a client sent. What is `null` counts as absent; what nobody asked about is refused by `end`. Everything throws `BAD_REQUEST` with the field's path. */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #known = new Set<string>();

  constructor(value: unknown, path = '') {
    if (!isObject(value)) throw bad(path, 'give an object');
    this.#fields = value;
    this.#path = path;
  }

  any(name: string): unknown {
    this.#known.add(name);
    if (!Object.hasOwn(this.#fields, name)) return undefined;
    return this.#fields[name] ?? undefined;
  }

  text(name: string, max: number, min = 0): string | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.bad(name, 'give a text');
    if (value.length > max || value.length < min) throw this.bad(name, `give a text of ${min} to ${max} characters`);
    return value;
  }

  number(name: string, min: number, max: number): number | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw this.bad(name, `give a number from ${min} to ${max}`);
  }

  count(name: string, min: number, max: number): number | undefined {
    const value = this.number(name, min, max);
    if (value !== undefined && !Number.isSafeInteger(value)) throw this.bad(name, `give a whole number from ${min} to ${max}`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.any(name);
    if (value !== undefined && typeof value !== 'boolean') throw this.bad(name, 'give true or false');
    return value;
  }

  oneOf<const T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    const word = words.find((each) => each === value);
    if (word === undefined) throw this.bad(name, `give one of ${words.join(', ')}`);
    return word;
  }

  list(name: string, max: number): readonly unknown[] | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length > max) throw this.bad(name, `give a list of at most ${max}`);
    return value;
  }

  object(name: string): Fields | undefined {
    const value = this.any(name);
    return value === undefined ? undefined : new Fields(value, this.at(name));
  }

  /** As it came: a schema, or whatever else is passed on unread. */
  json(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.any(name);
    if (value !== undefined && !isObject(value)) throw this.bad(name, 'give an object');
    return value;
  }

  /** Known, and without effect here. */
  skip(...names: readonly string[]): void {
    for (const name of names) this.#known.add(name);
  }

  /** Known, and not served: only what says `no` passes. */
  refuse(...names: readonly string[]): void {
    for (const name of names) if (!saysNo(this.any(name))) throw this.bad(name, 'is not served here; leave it out');
  }

  /** Throws for a field that nobody asked about. */
  end(): void {
    const unknown = Object.keys(this.#fields).find((name) => !this.#known.has(name));
    if (unknown !== undefined) throw this.bad(unknown.slice(0, 64), 'is not known here; leave it out');
  }

  at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  bad(name: string, what: string): OpenClawError {
    return bad(this.at(name), what);
  }
}

/** `path` is the parameter that the client is told of. */
export function bad(path: string, what: string): OpenClawError {
  return new OpenClawError('BAD_REQUEST', path === '' ? `The body: ${what}.` : `${path}: ${what}.`, { cause: { param: path } });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function saysNo(value: unknown): boolean {
  if (value === undefined || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}
