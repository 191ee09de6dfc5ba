/** What a model is told of one call at most, in bytes of UTF-8, where nothing else is configured. */
export const MAX_RESULT_BYTES: number = 64 * 1024;

/** At most `maxBytes` of UTF-8, cut between characters, with a note at the end that says how much is missing. Lone surrogates become U+FFFD. */
export function boundText(text: string, maxBytes: number = MAX_RESULT_BYTES): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  // No character takes more than three bytes per UTF-16 unit.
  if (whole.length * 3 <= maxBytes) return whole;
  const size = Buffer.byteLength(whole);
  if (size <= maxBytes) return whole;
  const note = `\n[cut: ${size} bytes in all, the first ${maxBytes} or fewer are shown]`;
  return firstBytes(whole, Math.max(0, maxBytes - note.length)) + note;
}

function firstBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.alloc(maxBytes);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  return text.slice(0, read);
}
