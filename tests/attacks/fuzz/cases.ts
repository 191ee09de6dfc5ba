import fc from 'fast-check';

export type Door = 'socket' | 'hello' | 'assistant' | 'http';

/** One thing to send, made of a specimen. */
export interface Case {
  readonly door: Door;
  /** Which, counted around. */
  readonly specimen: number;
  readonly changes: readonly Change[];
  /** To the text that comes of it. */
  readonly scratch: Scratch;
  /** Into the path’s query, and a header; absent: none. */
  readonly query?: string | undefined;
  readonly header?: readonly [name: string, value: string] | undefined;
}

type Change =
  | { readonly kind: 'replace'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'add'; readonly at: number; readonly name: string; readonly value: unknown }
  | { readonly kind: 'remove' | 'double' | 'nest'; readonly at: number; readonly name?: undefined; readonly value?: undefined };

type Scratch =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string };

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'prototype',
  '',
  'tenant',
  'scopes',
  'run',
  'id',
  'input',
  't',
  'length',
  'then',
  'toJSON',
];
const HOSTILE = [
  ...[
    null,
    true,
    false,
    0,
    -0,
    -1,
    1.5,
    2 ** 31,
    2 ** 53,
    -(2 ** 53),
    1e308,
    '',
    ' ',
    '\0',
    '\n',
    '\u2028',
    '\ud800',
    '\ufeff',
    'null',
    'undefined',
  ],
  ...[
    '../../etc/passwd',
    '%2e%2e%2f',
    '__proto__',
    "' OR 1=1 --",
    '${7*7}',
    '{{7*7}}',
    'http://169.254.169.254/',
    'x'.repeat(5_000),
    '9'.repeat(400),
  ],
  ...[[], {}, [[]], [null], { length: 1e9 }, { toJSON: 1 }, { role: 'user' }, Array.from({ length: 500 }, () => 0)],
];

const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...HOSTILE) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 2, depthSize: 'xsmall' }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.double() },
);
const at = fc.nat(10_000);
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('replace' as const), at, value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('add' as const), at, name: fc.constantFrom(...NAMES), value }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('remove' as const, 'double' as const, 'nest' as const), at }) },
);
const scratch: fc.Arbitrary<Scratch> = fc.oneof(
  { weight: 12, arbitrary: fc.constant({ kind: 'none' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('insert' as const), at, text: fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }) }),
  },
);
const QUERIES = [
  'after=-1',
  'after=x',
  'limit=1e9',
  'limit=0',
  'before=NaN',
  'status=__proto__',
  'starting_after=-1',
  'stream=true',
  'cursor=%00',
  'prefix=%ff',
  'a=%',
];
const HEADERS: readonly (readonly [string, string])[] = [
  ...[
    ['idempotency-key', 'same'],
    ['idempotency-key', 'x'.repeat(300)],
    ['last-event-id', '1-99999999999999999999'],
    ['last-event-id', '__proto__'],
  ],
  ...[
    ['content-type', 'text/plain'],
    ['content-encoding', 'gzip'],
    ['accept', 'text/event-stream'],
    ['accept', 'x'],
    ['mcp-session-id', 'x'],
    ['mcp-protocol-version', '1'],
  ],
  ...[
    ['traceparent', '00-0-0-0'],
    ['range', 'bytes=0-1'],
    ['expect', '100-continue'],
    ['origin', 'null'],
    ['x-http-method-override', 'DELETE'],
  ],
] as unknown as readonly (readonly [string, string])[];

const oneCase: fc.Arbitrary<Case> = fc.record({
  door: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Door>('socket') },
    { weight: 1, arbitrary: fc.constant<Door>('hello') },
    { weight: 5, arbitrary: fc.constant<Door>('assistant') },
    { weight: 6, arbitrary: fc.constant<Door>('http') },
  ),
  specimen: at,
  changes: fc.array(change, { minLength: 0, maxLength: 3 }),
  scratch,
  query: fc.option(fc.constantFrom(...QUERIES), { nil: undefined, freq: 6 }),
  header: fc.option(fc.constantFrom(...HEADERS), { nil: undefined, freq: 6 }),
});

/** Always the same for the same seed. */
export function casesOf(seed: number, count: number): readonly Case[] {
  return fc.sample(oneCase, { seed, numRuns: count });
}

/** A specimen after its changes, as text. */
export function textOf(specimen: unknown, { changes, scratch: last }: Case): string {
  let made = structuredClone(specimen);
  for (const each of changes) made = changed(made, each);
  const text = JSON.stringify(made) ?? '';
  const place = last.kind === 'none' || text === '' ? 0 : last.at % text.length;
  if (last.kind === 'cut') return text.slice(0, place);
  return last.kind === 'insert' ? text.slice(0, place) + last.text + text.slice(place) : text;
}

type Place = { readonly holder: Record<string, unknown>; readonly name: string };

function changed(root: unknown, shared: Change): unknown {
  // Values are shared between cases.
  const change = structuredClone(shared);
  const box: Record<string, unknown> = { root };
  const places = placesIn(box, 'root');
  const { holder, name } = places[change.at % places.length] as Place;
  const put = (into: Record<string, unknown>, key: string, given: unknown): void => {
    // An assignment to __proto__ would not be there in the text.
    Object.defineProperty(into, key, { value: given, enumerable: true, configurable: true, writable: true });
  };
  const here = holder[name];
  if (change.kind === 'replace') put(holder, name, change.value);
  else if (change.kind === 'remove') delete holder[name];
  else if (change.kind === 'double') put(holder, name, [here, here]);
  else if (change.kind === 'nest' || change.name === undefined) put(holder, name, { [name]: here });
  else if (typeof here === 'object' && here !== null && !Array.isArray(here))
    put(here as Record<string, unknown>, change.name, change.value);
  else put(holder, name, { [change.name]: change.value });
  return box['root'];
}

function placesIn(holder: Record<string, unknown>, name: string): Place[] {
  const here = holder[name];
  const own = { holder, name };
  if (typeof here !== 'object' || here === null) return [own];
  return [
    own,
    ...Object.keys(here)
      .slice(0, 50)
      .flatMap((key) => placesIn(here as Record<string, unknown>, key)),
  ];
}
