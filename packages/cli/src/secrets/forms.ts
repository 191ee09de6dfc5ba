/** Shorter values are no secrets that could be told from other text. */
export const LEAST_CHARS = 8;

/** A value as it may stand in a text: itself, in JSON (also in JSON within JSON), URL-encoded in the ways there are, in hex, in base64 also as a part of something longer. None where it is too short. */
export function formsOf(value: string): readonly string[] {
  if (value.length < LEAST_CHARS) return [];
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  const json = JSON.stringify(value).slice(1, -1);
  const wellFormed = value.toWellFormed();
  const urls = [encodeURIComponent(wellFormed), new URLSearchParams([['', value]]).toString().slice(1), encodeURI(wellFormed)];
  const inside = [0, 1, 2].map((offset) => coreOf(bytes, offset));
  const base64 = [bytes.toString('base64'), ...inside];
  const forms = [
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    ...urls,
    ...urls.map((url) => url.replaceAll(/%../g, (code) => code.toLowerCase())),
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
