/** Where the two parts of an answer go. */
export interface Parts {
  thinking(delta: string): void;
  text(delta: string): void;
}

/** Models write the one they were told, or the one they were taught. */
const TAGS = [
  { open: '<thinking>', close: '</thinking>' },
  { open: '<think>', close: '</think>' },
] as const;

type State =
  /** Nothing but white space, or the beginning of a tag. */
  | { readonly at: 'start' }
  /** White space behind the opening tag is left out. */
  | { readonly at: 'opening' | 'thinking'; readonly close: string }
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
        if (this.#held !== '') this.#state = state.at === 'gap' ? { at: 'text' } : { at: 'thinking', close: state.close };
        return;
      }
      case 'thinking':
        return this.#think(state.close);
      case 'text':
        return this.#give('text', this.#take(this.#held.length));
    }
  }

  #start(): void {
    const begun = this.#held.trimStart();
    const tag = TAGS.find(({ open }) => begun.startsWith(open));
    if (tag) {
      this.#held = begun.slice(tag.open.length);
      this.#state = { at: 'opening', close: tag.close };
    } else if (!TAGS.some(({ open }) => open.startsWith(begun))) this.#state = { at: 'text' };
  }

  /** What may be the closing tag, and the white space before it, waits. */
  #think(close: string): void {
    const at = this.#held.indexOf(close);
    const sure = this.#held.slice(0, at < 0 ? this.#held.length - overlap(this.#held, close) : at).trimEnd();
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

/** How much of the end of `text` could be the beginning of `tag`. */
function overlap(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--) if (text.endsWith(tag.slice(0, length))) return length;
  return 0;
}
