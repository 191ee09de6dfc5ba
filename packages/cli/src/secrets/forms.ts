/** Shorter values are no secrets that could be told from other text. */
export const LEAST_CHARS = 8;

/** A value as it may stand in a text: itself, in JSON, URL-encoded, in hex, in base64 also as a part of something longer. None where it is too short. */
export function formsOf(value: string): readonly string[] {
  if (value.length < LEAST_CHARS) return [];
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  const url = encodeURIComponent(value.toWellFormed());
  const inside = [0, 1, 2].map((offset) => coreOf(bytes, offset));
  const base64 = [bytes.toString('base64'), ...inside];
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    url,
    url.replaceAll(/%../g, (code) => code.toLowerCase()),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')),
  ];
  return [...new Set(forms)].filter((form) => form.length >= LEAST_CHARS);
}

/** The characters of base64 that depend on these bytes alone, where `offset` others (modulo 3) stand before them. */
function coreOf(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
