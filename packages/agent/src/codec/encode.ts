import { OpenClawError } from '@openclaw-runtime/protocol';
import { MAX_CHARS, MAX_DEPTH, MAX_DIGITS, put, TAG, type Tag } from './tags.ts';

interface Walk {
  /** Keys from the top to where the walk is. */
  readonly path: (string | number)[];
  readonly above: object[];
  /** What the text has at least. */
  chars: number;
}

/**
 * A value as JSON text: what JSON knows as it is, and beside it `undefined`, `bigint`, `Date`, `Map`, `Set`, `Uint8Array`, NaN, infinities and -0.
 * A value that is held in two places becomes two. Throws `AGENT_FAILED` with the path of what cannot travel: functions, symbols, instances of classes,
 * cycles, more than 200 levels or 16 MiB of text.
 */
export function encodeState(value: unknown): string {
  const text = JSON.stringify(plain(value, { path: [], above: [], chars: 0 }));
  if (text.length > MAX_CHARS) throw tooLarge();
  return text;
}

/** Of what is JSON by its nature and travels as it is: `chars` of text. Throws `AGENT_FAILED` above 16 MiB. */
export function checkChars(chars: number): void {
  if (chars > MAX_CHARS) throw tooLarge();
}

/** The value as JSON knows it: itself, where it holds nothing else. */
function plain(value: unknown, walk: Walk): unknown {
  switch (typeof value) {
    case 'string':
      grow(walk, value.length + 2);
      return value;
    case 'number':
      grow(walk, 1);
      return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged('number', Object.is(value, -0) ? '-0' : String(value));
    case 'boolean':
      grow(walk, 4);
      return value;
    case 'undefined':
      grow(walk, 17);
      return tagged('undefined');
    case 'bigint':
      return big(value, walk);
    case 'object':
      return value === null ? value : inside(value, walk);
    default:
      throw refused(walk, `a ${typeof value}`);
  }
}

function inside(value: object, walk: Walk): unknown {
  if (walk.above.includes(value)) throw refused(walk, 'a reference to what holds it');
  if (walk.above.length >= MAX_DEPTH) throw refused(walk, `nested deeper than ${MAX_DEPTH} levels`);
  grow(walk, 2);
  walk.above.push(value);
  const result = ofObject(value, walk);
  walk.above.pop();
  return result;
}

function ofObject(value: object, walk: Walk): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return list(value as unknown[], walk);
  if (prototype === Object.prototype || prototype === null) return record(value as Record<string, unknown>, walk);
  if (value instanceof Uint8Array) return bytes(value, walk);
  if (prototype === Date.prototype) return tagged('date', (value as Date).getTime());
  if (prototype === Map.prototype) return tagged('map', pairs([...(value as Map<unknown, unknown>)], walk));
  if (prototype === Set.prototype) return tagged('set', list([...(value as Set<unknown>)], walk));
  throw refused(walk, `an instance of ${nameOf(prototype)}`);
}

/** Copies from the first item on that is not itself; holes become `undefined`. */
function list(items: readonly unknown[], walk: Walk): readonly unknown[] {
  grow(walk, items.length);
  let copy: unknown[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const given = items[i];
    const item = asItIs(given, walk) ? given : at(i, given, walk);
    if (copy === undefined && item !== given) copy = items.slice(0, i);
    copy?.push(item);
  }
  return copy ?? items;
}

function record(fields: Record<string, unknown>, walk: Walk): unknown {
  if (Object.getOwnPropertySymbols(fields).length > 0) throw refused(walk, 'an object with a symbol for a key');
  const keys = Object.keys(fields);
  let copy: Record<string, unknown> | undefined;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    grow(walk, key.length + 3);
    const field = fields[key];
    const item = asItIs(field, walk) ? field : at(key, field, walk);
    if (copy === undefined && item !== field) {
      copy = {};
      for (const same of keys.slice(0, i)) put(copy, same, fields[same]);
    }
    if (copy !== undefined) put(copy, key, item);
  }
  const result = copy ?? fields;
  return keys.length === 1 && keys[0] === TAG ? tagged('object', result[TAG]) : result;
}

function pairs(entries: readonly (readonly [unknown, unknown])[], walk: Walk): unknown {
  return entries.map(([key, value], i) => {
    grow(walk, 2);
    return [at(i, key, walk), at(typeof key === 'string' ? key : i, value, walk)];
  });
}

function big(value: bigint, walk: Walk): unknown {
  const digits = String(value);
  if (digits.length > MAX_DIGITS) throw refused(walk, `a bigint of more than ${MAX_DIGITS} digits`);
  grow(walk, digits.length + 16);
  return tagged('bigint', digits);
}

function bytes(value: Uint8Array, walk: Walk): unknown {
  grow(walk, Math.ceil(value.length / 3) * 4);
  return tagged('bytes', Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64'));
}

/** The short way for most of what there is. */
function asItIs(value: unknown, walk: Walk): boolean {
  if (typeof value === 'string') grow(walk, value.length + 2);
  else if (typeof value !== 'boolean' && !(typeof value === 'number' && value !== 0 && Number.isFinite(value))) return false;
  return true;
}

function at(key: string | number, value: unknown, walk: Walk): unknown {
  walk.path.push(key);
  const item = plain(value, walk);
  walk.path.pop();
  return item;
}

function tagged(tag: Tag, ...payload: readonly unknown[]): unknown {
  return { [TAG]: [tag, ...payload] };
}

/** Counted on the way, since what is held in many places grows without end before there is a text to measure. */
function grow(walk: Walk, chars: number): void {
  walk.chars += chars;
  if (walk.chars > MAX_CHARS) throw tooLarge();
}

function tooLarge(): OpenClawError {
  return new OpenClawError(
    'AGENT_FAILED',
    `The value takes more than ${MAX_CHARS >> 20} MiB as text. Keep what is large elsewhere, and its name here.`,
  );
}

function refused({ path }: Walk, what: string): OpenClawError {
  const where = path.map((key) =>
    typeof key === 'number' ? `[${key}]` : /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
  );
  return new OpenClawError(
    'AGENT_FAILED',
    `value${where.join('').slice(0, 300)} is ${what}, which cannot be kept. Use plain objects, arrays, Map, Set, Date, Uint8Array, strings, numbers.`,
  );
}

function nameOf(prototype: unknown): string {
  const name = (prototype as { readonly constructor?: { readonly name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'a class';
}
