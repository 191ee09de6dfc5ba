/** A text on a terminal: its rows as they are wrapped, and where the cursor stands. */
export interface Layout {
  readonly rows: readonly string[];
  readonly row: number;
  readonly column: number;
}

export const PROMPT = '❯ ';
const INDENT = '  ';

/** Lays out what is typed behind the prompt, further lines indented below it. */
export function layOut(text: string, cursor: number, width: number): Layout {
  const rows = [PROMPT];
  let column = 2;
  let place = { row: 0, column: 2 };
  let at = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)) {
    if (at === cursor) place = { row: rows.length - 1, column };
    at += segment.length;
    if (segment === '\n') {
      rows.push(INDENT);
      column = 2;
      continue;
    }
    const columns = columnsOf(segment);
    if (column + columns >= width) {
      rows.push(INDENT);
      column = 2;
    }
    rows[rows.length - 1] += segment;
    column += columns;
  }
  return { rows, ...(at <= cursor ? { row: rows.length - 1, column } : place) };
}

/** East Asian wide characters and pictures take two columns. */
function columnsOf(segment: string): number {
  const code = segment.codePointAt(0) ?? 0;
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}
