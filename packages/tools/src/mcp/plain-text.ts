/** Characters that nobody sees and a model reads: controls, zero width, direction marks, tags. Line breaks and tabs stay. */
const UNSEEN =
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;

/** A server's words as a person would see them, at most `maxLength` units. */
export function plainText(text: string, maxLength: number): string {
  return text.toWellFormed().replaceAll(UNSEEN, '').slice(0, maxLength).toWellFormed();
}

/** The same for every text of a JSON value. */
export function plainJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(UNSEEN, ''));
}
