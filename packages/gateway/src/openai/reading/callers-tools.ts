import type { RunRecord, ToolCall } from '@openclaw-runtime/protocol';
import type { Created } from './follow.ts';

/** Which calls of a run are the caller's to carry out: those of tools it named, and at the run's end those that nobody carried out. */
export class CallersTools {
  readonly #names: ReadonlySet<string>;
  #left: ToolCall[] = [];

  constructor({ tools = [] }: Pick<Created, 'tools'>) {
    this.#names = new Set(tools.map(({ name }) => name));
  }

  /** A new step, or a new attempt at one. */
  forget(): void {
    this.#left = [];
  }

  /** Whether the call is the caller's as soon as it is known. */
  takes(call: ToolCall): boolean {
    if (this.#names.has(call.name)) return true;
    this.#left.push(call);
    return false;
  }

  carriedOut(record: Extract<RunRecord, { readonly kind: 'tool.started' | 'tool.result' }>): void {
    this.#left = this.#left.filter(({ id }) => id !== record.data.id);
  }

  /** At the run's end. */
  get left(): readonly ToolCall[] {
    return this.#left;
  }
}
