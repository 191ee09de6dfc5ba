import { OpenClawError } from '@openclaw-runtime/protocol';
import { MAX_CHARS, MAX_DEPTH, MAX_DIGITS, put, TAG } from './tags.ts';

/** The value of a text that `encodeState` wrote. Throws `AGENT_FAILED` for any other. */
export function decodeState(text: string): unknown {
  if (text.length > MAX_CHARS) throw unreadable(`it has more than ${MAX_CHARS >> 20} MiB`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw unreadable((error as Error).message);
  }
  return revived(json, 0);
}

/** Changes in place what is not as JSON has it. */
function revived(json: unknown, depth: number): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (depth >= MAX_DEPTH) throw unreadable(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(json)) return list(json, depth);
  const fields = json as Record<string, unknown>;
  const keys = Object.keys(fields);
  if (keys.length === 1 && keys[0] === TAG) return untagged(fields[TAG], depth);
  for (const key of keys) {
    const field = fields[key];
    if (typeof field !== 'object') continue;
    const item = revived(field, depth + 1);
    if (item !== field) put(fields, key, item);
  }
  return fields;
}

function list(items: unknown[], depth: number): unknown[] {
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (typeof item === 'object') items[i] = revived(item, depth + 1);
  }
  return items;
}

function untagged(pair: unknown, depth: number): unknown {
  const [tag, payload] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
  switch (tag) {
    case 'undefined':
      return undefined;
    case 'number':
      return numberOf(payload);
    case 'bigint':
      if (typeof payload !== 'string' || payload.length > MAX_DIGITS || !/^-?\d+$/.test(payload)) break;
      return BigInt(payload);
    case 'date':
      if (payload !== null && typeof payload !== 'number') break;
      return new Date(payload ?? Number.NaN);
    case 'bytes':
      return bytesOf(payload);
    case 'map':
      return mapOf(payload, depth);
    case 'set':
      if (!Array.isArray(payload)) break;
      return new Set(list(payload, depth));
    case 'object':
      return { [TAG]: revived(payload, depth + 1) };
  }
  throw unreadable(
    `it holds ${JSON.stringify(tag)?.slice(0, 40) ?? 'nothing'} where a kind of value is named: a newer version may have written it`,
  );
}

function numberOf(payload: unknown): number {
  if (payload === '-0') return -0;
  if (payload === 'NaN' || payload === 'Infinity' || payload === '-Infinity') return Number(payload);
  throw unreadable('a number in it is none');
}

function bytesOf(payload: unknown): Uint8Array {
  if (typeof payload !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(payload)) throw unreadable('bytes in it are not base64');
  return new Uint8Array(Buffer.from(payload, 'base64'));
}

function mapOf(payload: unknown, depth: number): Map<unknown, unknown> {
  if (!Array.isArray(payload)) throw unreadable('a map in it is none');
  const map = new Map<unknown, unknown>();
  for (const pair of payload as readonly unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2) throw unreadable('a map in it has an entry that is none');
    map.set(revived(pair[0], depth + 1), revived(pair[1], depth + 1));
  }
  return map;
}

function unreadable(why: string): OpenClawError {
  return new OpenClawError('AGENT_FAILED', `The value cannot be read: ${why}. It is not what encodeState wrote, or was changed since.`);
}
