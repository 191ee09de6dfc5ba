import type { OpenClawError, ToolCall } from '@openclaw-runtime/protocol';

interface OpenCall {
  readonly id: string;
  readonly name: string;
  /** As the block's start had it; mostly empty, and then the pieces are the input. */
  readonly input: unknown;
  json: string;
}

const MAX_CALLS = 1_000;

/** Calls of tools by the index of their block. */
export class ToolBlocks {
  readonly #malformed: (what: string) => OpenClawError;
  readonly #calls = new Map<number, OpenCall>();

  constructor(malformed: (what: string) => OpenClawError) {
    this.#malformed = malformed;
  }

  begin(index: unknown, { id, name, input }: Readonly<Record<string, unknown>>): void {
    if (typeof index !== 'number') throw this.#malformed('a block without an index');
    if (typeof id !== 'string' || typeof name !== 'string') throw this.#malformed('a tool call without id or name');
    if (this.#calls.size >= MAX_CALLS) throw this.#malformed(`more than ${MAX_CALLS} tool calls`);
    this.#calls.set(index, { id, name, input, json: '' });
  }

  /** Pieces of other blocks, such as those of tools that run at the provider, are left out. */
  add(index: unknown, json: unknown): void {
    if (typeof json !== 'string') throw this.#malformed('a delta that is no text');
    const call = this.#calls.get(index as number);
    if (call) call.json += json;
  }

  /** In the order in which they began. */
  all(): readonly ToolCall[] {
    return [...this.#calls.values()].map(({ id, name, input, json }) => ({ id, name, arguments: json || JSON.stringify(input ?? {}) }));
  }
}
