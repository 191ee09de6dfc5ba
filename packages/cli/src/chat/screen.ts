import type { Output } from '../commands/world.ts';
import { layOut } from './layout.ts';

/**
 * A terminal shared by what the model says and what somebody types. While the input stands on the screen, output waits behind
 * it (`held`) or is written above it; so neither is ever torn by the other.
 */
export interface Screen {
  /** For what is said; like any output. */
  readonly output: Output;
  /** A line of its own. */
  line(text: string): void;
  /** Draws what is typed. `holding`: output waits until the input is closed. */
  open(text: string, cursor: number, holding: boolean): void;
  /** Lets what waits through now, above what is typed: that may be an answer to it. */
  flush(): void;
  /** Takes the input away, leaves `echo` in its place, and lets what waited through. */
  close(echo?: string): void;
}

/** After these the cursor stands at the beginning of a line that holds nothing. */
const LINE_STARTS = ['\n', '\r', '\r\u001b[K'];

export function createScreen(out: Output): Screen {
  /** The row of the drawn input in which the cursor stands; absent while there is no input. */
  let drawn: { readonly row: number; readonly text: string; readonly cursor: number } | undefined;
  let holding = false;
  let held = '';
  let isLineStart = true;

  const put = (text: string): void => {
    if (text === '') return;
    out.write(text);
    isLineStart = LINE_STARTS.some((end) => text.endsWith(end));
  };
  const erase = (): void => {
    if (!drawn) return;
    out.write(`${drawn.row > 0 ? `\u001b[${drawn.row}A` : ''}\r\u001b[J`);
    drawn = undefined;
    isLineStart = true;
  };
  const draw = (text: string, cursor: number): void => {
    const { rows, row, column } = layOut(text, cursor, out.width);
    const up = rows.length - 1 - row;
    out.write(`${rows.join('\n')}${up > 0 ? `\u001b[${up}A` : ''}\r${column > 0 ? `\u001b[${column}C` : ''}`);
    drawn = { row, text, cursor };
  };

  const write = (text: string): void => {
    if (!drawn) return put(text);
    if (holding) {
      held += text;
      return;
    }
    const { text: typed, cursor } = drawn;
    erase();
    put(text);
    if (!isLineStart) put('\n');
    draw(typed, cursor);
  };

  return {
    output: {
      isTty: out.isTty,
      get width() {
        return out.width;
      },
      write,
    },
    line(text) {
      if (!drawn && !isLineStart) put('\n');
      write(`${text}\n`);
    },
    open(text, cursor, hold) {
      if (drawn) erase();
      else if (!isLineStart) put('\n');
      holding = hold;
      draw(text, cursor);
    },
    flush() {
      if (!drawn || held === '') return;
      const { text: typed, cursor } = drawn;
      erase();
      put(held);
      held = '';
      if (!isLineStart) put('\n');
      draw(typed, cursor);
    },
    close(echo = '') {
      erase();
      holding = false;
      put(echo);
      const waited = held;
      held = '';
      put(waited);
    },
  };
}
