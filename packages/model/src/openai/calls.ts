import type { OpenClawError, ToolCall } from '@openclaw-runtime/protocol';
import { isObject } from '../call/event.ts';

/** A piece of a call as far as it is looked at; every field may be missing or of another type. */
interface CallDelta {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: unknown;
}

interface OpenCall {
  readonly at: number;
  /** '' as long as the provider gave none. */
  id: string;
  name: string;
  arguments: string;
}

const MAX_CALLS = 1_000;

/**
 * Tool calls being put together. A piece belongs to the last call under its index, or, where the provider leaves that out, to the last
 * call; an id that is new there begins a new call, one that is known goes on with its own.
 */
export class ToolCalls {
  readonly #malformed: (what: string) => OpenClawError;
  readonly #calls: OpenCall[] = [];

  constructor(malformed: (what: string) => OpenClawError) {
    this.#malformed = malformed;
  }

  /** Takes one of a delta's pieces and answers whether anything was in it. */
  take(piece: unknown): boolean {
    if (!isObject(piece)) throw this.#malformed('a tool call that is no object');
    const { index, id: givenId, function: givenFn }: CallDelta = piece;
    const fn = givenFn ?? {};
    if (!isObject(fn)) throw this.#malformed('a tool call whose function is no object');
    const id = this.#text(givenId, 'id');
    const name = this.#text(fn['name'], 'name');
    const args = argumentsText(fn['arguments']);
    const call = index === undefined || index === null ? this.#next(id) : this.#at(this.#place(index), id);
    // Some repeat id and name with every piece.
    call.id ||= id;
    call.name ||= name;
    call.arguments += args;
    return (id || name || args) !== '';
  }

  /** In the order of their indexes. */
  all(): readonly ToolCall[] {
    return this.#calls
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, id, name, arguments: args }) => ({ id: id || `call_${at}`, name, arguments: args }));
  }

  #at(at: number, id: string): OpenCall {
    const here = this.#calls.filter((call) => call.at === at);
    const known = id && here.find((call) => call.id === id);
    if (known) return known;
    const last = here.at(-1);
    return last && (id === '' || last.id === '') ? last : this.#begin(at);
  }

  #next(id: string): OpenCall {
    const known = id ? this.#calls.find((call) => call.id === id) : this.#calls.at(-1);
    return known ?? this.#begin(this.#calls.length);
  }

  #begin(at: number): OpenCall {
    if (this.#calls.length >= MAX_CALLS) throw this.#malformed(`more than ${MAX_CALLS} tool calls`);
    const call: OpenCall = { at, id: '', name: '', arguments: '' };
    this.#calls.push(call);
    return call;
  }

  #place(index: unknown): number {
    if (typeof index === 'number' && Number.isInteger(index) && index >= 0 && index <= MAX_CALLS) return index;
    throw this.#malformed('a tool call with an impossible index');
  }

  #text(value: unknown, what: string): string {
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value;
    throw this.#malformed(`a tool call whose ${what} is no text`);
  }
}

/** Some send the arguments as the object that they mean. */
function argumentsText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
