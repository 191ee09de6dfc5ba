/** Shorter header values are found in any text, and hide nothing. */
const MIN_HEADER_LENGTH = 4;

/** What must not be told of a request: the key, and the values of configured headers, credentials also without their scheme. Longest first. */
export function secretsOf(apiKey: string | undefined, headers: Readonly<Record<string, string>>): readonly string[] {
  const values = Object.entries(headers).flatMap(([name, value]) =>
    /authorization$/i.test(name) ? [value, value.replace(/^\S+\s+/, '')] : [value],
  );
  const secrets = values.filter((value) => value.trim().length >= MIN_HEADER_LENGTH);
  if (apiKey) secrets.push(apiKey);
  // One secret may be a part of another.
  return secrets.sort((a, b) => b.length - a.length);
}

export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text);
}
