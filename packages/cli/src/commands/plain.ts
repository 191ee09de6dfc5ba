/**
 * What peers and models wrote, made harmless for a terminal: whatever could move its cursor, change its state, hide text or turn its direction is shown as an
 * escape (`\x1b`, `\u{202e}`). All that a command prints of others' text goes through here.
 */

/** Line feeds and tabs stay. */
const RUNNING = /(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;
/** All that has no shape of its own, so that what is read is what is there. */
const EXACT = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** What `JSON.stringify` leaves as it is. */
const IN_JSON = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text of any number of lines. */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(RUNNING, escapeOf);
}

/** Text that stays in one line. */
export function plainLine(text: string): string {
  return text.replace(EXACT, escapeOf);
}

/** One line of at most `max` characters, all white space as single spaces: enough to know it again. */
export function excerpt(text: string, max = 200): string {
  const start = Array.from(
    text
      .slice(0, 4 * max)
      .replace(/\s+/g, ' ')
      .trim(),
  );
  const isCut = start.length > max || text.length > 4 * max;
  return plainLine(isCut ? `${start.slice(0, max - 1).join('')}…` : start.join(''));
}

/** Every line of it, exactly, behind `margin`: lines longer than `width` columns go on in the next, so that nothing stands where a program's own words do. */
export function quoted(text: string, margin: string, width: number): string[] {
  const most = Math.max(10, width - margin.length);
  return text.split('\n').flatMap((line) => wrapped(plainLine(line), most).map((part) => margin + part));
}

/** The value as one line of JSON, equal to what `JSON.stringify` gives. */
export function plainJson(value: unknown): string {
  return JSON.stringify(value).replace(IN_JSON, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Whatever is not ASCII may take two columns. */
function wrapped(line: string, columns: number): string[] {
  const parts = [''];
  let used = 0;
  for (const character of line) {
    const takes = character <= '~' ? 1 : 2;
    if (used + takes > columns) {
      parts.push('');
      used = 0;
    }
    parts[parts.length - 1] += character;
    used += takes;
  }
  return parts;
}
