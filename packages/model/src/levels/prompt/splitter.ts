/** Where the two parts of an answer go. */
export interface Parts {
  thinking(delta: string): void;
  text(delta: string): void;
}

/** Models write the one they were told, or the one they were taught, or begin with the one and end with the other. */
const OPEN = ['<thinking>', '<think>'] as const;
const CLOSE = ['</thinking>', '</think>'] as const;

type State =
  /** Nothing but white space, or the beginning of a tag. */
  | { readonly at: 'start' }
  /** White space behind the opening tag is left out. */
  | { readonly at: 'opening' | 'thinking' }
  /** Behind the closing tag: white space is left out. */
  | { readonly at: 'gap' }
  | { readonly at: 'text' };

/**
 * Takes an answer that may begin with thoughts between tags, in deltas that may break anywhere, and gives its parts on as they come. What is
 * given does not depend on where the deltas break. Only thoughts at the very beginning are thoughts: later tags are text.
 */
export class Splitter {
  readonly #parts: Parts;
  #state: State = { at: 'start' };
  /** What is still to be judged. */
  #held = '';

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whether there were thoughts, and nothing behind them. */
  get isUnanswered(): boolean {
    return this.#state.at !== 'start' && this.#state.at !== 'text';
  }

  push(delta: string): void {
    if (this.#state.at === 'text') return this.#parts.text(delta);
    this.#held += delta;
    for (let before: State | undefined; before !== this.#state; ) {
      before = this.#state;
      this.#judge(this.#state);
    }
  }

  /** The answer is over: what was held is given as what it was. */
  end(): void {
    const held = this.#take(this.#held.length);
    if (held === '') return;
    if (this.#state.at === 'start') this.#parts.text(held);
    else if (this.#state.at === 'thinking') this.#give('thinking', held.trimEnd());
  }

  #judge(state: State): void {
    switch (state.at) {
      case 'start':
        return this.#start();
      case 'opening':
      case 'gap': {
        this.#held = this.#held.trimStart();
        if (this.#held !== '') this.#state = state.at === 'gap' ? { at: 'text' } : { at: 'thinking' };
        return;
      }
      case 'thinking':
        return this.#think();
      case 'text':
        return this.#give('text', this.#take(this.#held.length));
    }
  }

  #start(): void {
    const begun = this.#held.trimStart();
    const open = OPEN.find((tag) => begun.startsWith(tag));
    if (open !== undefined) {
      this.#held = begun.slice(open.length);
      this.#state = { at: 'opening' };
    } else if (!OPEN.some((tag) => tag.startsWith(begun))) this.#state = { at: 'text' };
  }

  /** What may be a closing tag, and the white space before it, waits. */
  #think(): void {
    const [close, at] = firstOf(CLOSE, this.#held);
    const unsure = Math.max(...CLOSE.map((tag) => overlap(this.#held, tag)));
    const sure = this.#held.slice(0, at < 0 ? this.#held.length - unsure : at).trimEnd();
    this.#give('thinking', this.#take(sure.length));
    if (at < 0) return;
    this.#held = this.#held.slice(at - sure.length + close.length);
    this.#state = { at: 'gap' };
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }

  #give(part: keyof Parts, delta: string): void {
    if (delta !== '') this.#parts[part](delta);
  }
}

/** The tag that comes first in `text`, and where; -1 where none is in there. */
function firstOf(tags: readonly string[], text: string): readonly [tag: string, at: number] {
  const found = tags.map((tag) => [tag, text.indexOf(tag)] as const).filter(([, at]) => at >= 0);
  return found.toSorted(([, a], [, b]) => a - b)[0] ?? ['', -1];
}

/** How much of the end of `text` could be the beginning of `tag`. */
function overlap(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) if (text.endsWith(tag.slice(0, length))) return length;
  return 0;
}
