import type { OpenClawError, ToolCall } from '@openclaw-runtime/protocol';

interface OpenCall {
  id: string;
  name: string;
  arguments: string;
}

const MAX_CALLS = 1_000;

/** Function calls by the index of their output item. */
export class FunctionCalls {
  readonly #malformed: (what: string) => OpenClawError;
  readonly #calls = new Map<number, OpenCall>();

  constructor(malformed: (what: string) => OpenClawError) {
    this.#malformed = malformed;
  }

  /** An item when it begins, or, then with all its arguments, when it is done. */
  item(index: unknown, { call_id: id, name, arguments: args }: Readonly<Record<string, unknown>>): void {
    if (typeof id !== 'string' || typeof name !== 'string') throw this.#malformed('a function call without id or name');
    const call = this.#at(index);
    call.id = id;
    call.name = name;
    if (typeof args === 'string' && args !== '') call.arguments = args;
  }

  add(index: unknown, delta: unknown): void {
    if (typeof delta !== 'string') throw this.#malformed('a delta that is no text');
    this.#at(index).arguments += delta;
  }

  /** In the order of their items. */
  all(): readonly ToolCall[] {
    return [...this.#calls].toSorted(([a], [b]) => a - b).map(([, call]) => call);
  }

  #at(index: unknown): OpenCall {
    if (typeof index !== 'number') throw this.#malformed('an item without an index');
    const known = this.#calls.get(index);
    if (known) return known;
    if (this.#calls.size >= MAX_CALLS) throw this.#malformed(`more than ${MAX_CALLS} function calls`);
    const call: OpenCall = { id: '', name: '', arguments: '' };
    this.#calls.set(index, call);
    return call;
  }
}
