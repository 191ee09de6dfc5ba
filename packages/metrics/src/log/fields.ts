/**
 * Reads single fields of encoded records without parsing them. A key with its quotes cannot occur inside a JSON string, where quotes are escaped; so the first
 * hit is the key itself, as long as nothing before it holds values of callers that are not strings. Keys are given as they are written, `"key":`, and for texts
 * `"key":"`: nothing is put together for each look.
 */

/** The kind of `["kind",…]`. */
export function kindOf(record: string): string {
  return record.slice(2, record.indexOf('"', 2));
}

export function textField(record: string, key: string): string | undefined {
  const from = record.indexOf(key);
  if (from < 0) return undefined;
  const begin = from + key.length;
  const text = record.slice(begin, record.indexOf('"', begin));
  // An escaped character: no name that anybody configured has one.
  return text.includes('\\') ? undefined : text;
}

/** A whole number; 0 where there is none. */
export function numberField(record: string, key: string): number {
  const from = record.indexOf(key);
  return from < 0 ? 0 : wholeAt(record, from + key.length);
}

/** The last one of that name. */
export function lastNumberField(record: string, key: string): number {
  const from = record.lastIndexOf(key);
  return from < 0 ? 0 : wholeAt(record, from + key.length);
}

/** How many of the provider's deltas a record of text holds: it ends with their lengths where there are several. */
export function deltasOf(record: string): number {
  let at = record.length - 2;
  if (record.charCodeAt(at) !== CLOSE) return 1;
  let deltas = 1;
  for (let code = record.charCodeAt(--at); code !== OPEN; code = record.charCodeAt(--at)) if (code === COMMA) deltas++;
  return deltas;
}

const OPEN = 0x5b;
const CLOSE = 0x5d;
const COMMA = 0x2c;
const ZERO = 0x30;

function wholeAt(record: string, from: number): number {
  let value = 0;
  for (let at = from; ; at++) {
    const digit = record.charCodeAt(at) - ZERO;
    // NaN at the end of the text, too.
    if (!(digit >= 0 && digit <= 9)) return value;
    value = value * 10 + digit;
  }
}
