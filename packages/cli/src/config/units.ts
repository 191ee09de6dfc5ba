const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500`, `"500ms"`, `"1.5s"`, `"10m"`, `"2h"` as milliseconds. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const hit = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(value.trim()) : null;
  const factor = hit && (hit[2] === '' ? 1 : MS_PER[hit[2] as string]);
  return factor ? Number(hit[1]) * factor : undefined;
}

const BYTES_PER: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `500000`, `"500MB"`, `"10 GiB"` as bytes. */
export function parseBytes(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  const hit = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim()) : null;
  const factor = hit && (hit[2] === '' ? 1 : BYTES_PER[(hit[2] as string).toLowerCase()]);
  return factor ? Number(hit[1]) * factor : undefined;
}

/** `0.01` or `"1%"` as a part of 1. */
export function parseRatio(value: unknown): number | undefined {
  const hit = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(value.trim()) : null;
  const ratio = typeof value === 'number' ? value : hit ? Number(hit[1]) / (hit[2] ? 100 : 1) : Number.NaN;
  return ratio >= 0 && ratio <= 1 ? ratio : undefined;
}

/** A number, or text that is one: what comes out of a variable is text. */
export function parseNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

export function parseFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : undefined;
}
