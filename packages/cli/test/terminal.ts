import type { Output } from '../src/commands/world.ts';

/** A terminal as far as the chat uses one: text, line feeds, cursor up and right, erase to the end of line or screen, colours. */
export interface Terminal extends Output {
  /** Without colours, and without empty rows at the end. */
  rows(): string[];
  cursor(): [row: number, column: number];
}

export function createTerminal(width = 80): Terminal {
  let screen: string[][] = [[]];
  let row = 0;
  let column = 0;
  const line = (): string[] => (screen[row] ??= []);

  const control = (parameter: string, final: string): void => {
    const count = Number(parameter || '1');
    if (final === 'A') row = Math.max(0, row - count);
    else if (final === 'C') column = Math.min(width - 1, column + count);
    else if (final === 'K') line().length = Math.min(line().length, column);
    else if (final === 'J') {
      line().length = Math.min(line().length, column);
      screen = screen.slice(0, row + 1);
    } else if (!'mhl'.includes(final)) throw new Error(`the terminal does not know ${final}`);
  };

  const put = (character: string): void => {
    if (character === '\n') {
      row++;
      column = 0;
    } else if (character === '\r') column = 0;
    else {
      if (column >= width) {
        row++;
        column = 0;
      }
      const cells = line();
      while (cells.length < column) cells.push(' ');
      cells[column++] = character;
    }
    line();
  };

  return {
    isTty: true,
    width,
    write(text) {
      text.split('\u001b').forEach((part, i) => {
        const [sequence = '', parameter = '', final = ''] = i === 0 ? [] : (/^\[\??([\d;]*)([A-Za-z])/.exec(part) ?? []);
        if (i > 0) control(parameter, final);
        for (const character of part.slice(sequence.length)) put(character);
      });
    },
    rows() {
      const rows = screen.map((cells) => cells.join(''));
      while (rows.length > 1 && rows.at(-1) === '') rows.pop();
      return rows;
    },
    cursor: () => [row, column],
  };
}
