const char = String.fromCodePoint;

/** Text that every decoder must take, and give back as it came. */
export const UTF8_GOOD: readonly (readonly [what: string, text: string])[] = [
  ['one character', 'a'],
  ['text of five languages', 'Hello-µ@ßöäüàá-κόσμε-你好-мир'],
  ...[0x20, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x1_0000, 0x10_ffff].map(
    (point) => [`U+${point.toString(16)}`, char(point)] as const,
  ),
  // Noncharacters are characters to UTF-8.
  ...[0xfdd0, 0xfdef].map((point) => [`noncharacter U+${point.toString(16)}`, char(point)] as const),
  ...Array.from({ length: 17 }, (_, plane) => {
    const point = plane * 0x1_0000 + 0xfffe;
    return [`noncharacters U+${point.toString(16)} and the next`, char(point, point + 1)] as const;
  }),
  ['a byte order mark within', `a${char(0xfeff)}b`],
];

/** Bytes that none may take. */
export const UTF8_BAD: readonly (readonly [what: string, bytes: Buffer])[] = [
  ...([0x80, 0xbf] as const).map((byte) => bad(`the continuation byte ${byte.toString(16)} alone`, [byte])),
  ...[2, 3, 6, 7].map((count) => bad(`${count} continuation bytes`, Array<number>(count).fill(0x80))),
  bad('all 64 continuation bytes', range(0x80, 0xbf)),
  bad('beginnings of two bytes, each before a space', spaced(range(0xc0, 0xdf))),
  bad('beginnings of three bytes, each before a space', spaced(range(0xe0, 0xef))),
  bad('beginnings of four bytes, each before a space', spaced(range(0xf0, 0xf7))),
  bad('beginnings of five and six bytes', spaced(range(0xf8, 0xfd))),
  bad('two bytes without their last', [0xc3, 0x20]),
  bad('three bytes without their last', [0xe2, 0x82, 0x20]),
  bad('four bytes without their last', [0xf0, 0x9f, 0x98, 0x20]),
  bad('incomplete ones in a row', [0xc3, 0xe2, 0x82, 0xf0, 0x9f, 0x98]),
  ...[0xfe, 0xff].map((byte) => bad(`the impossible byte ${byte.toString(16)}`, [byte])),
  bad('a slash in two bytes', [0xc0, 0xaf]),
  bad('a slash in three bytes', [0xe0, 0x80, 0xaf]),
  bad('a slash in four bytes', [0xf0, 0x80, 0x80, 0xaf]),
  bad('a slash in five bytes', [0xf8, 0x80, 0x80, 0x80, 0xaf]),
  bad('a slash in six bytes', [0xfc, 0x80, 0x80, 0x80, 0x80, 0xaf]),
  bad('the highest overlong two bytes', [0xc1, 0xbf]),
  bad('the highest overlong three bytes', [0xe0, 0x9f, 0xbf]),
  bad('the highest overlong four bytes', [0xf0, 0x8f, 0xbf, 0xbf]),
  bad('a zero in two bytes', [0xc0, 0x80]),
  bad('the first beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]),
  bad('five bytes', [0xfb, 0xbf, 0xbf, 0xbf, 0xbf]),
  bad('six bytes', [0xfd, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf]),
  ...[0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff].map((point) => bad(`the surrogate U+${point.toString(16)}`, three(point))),
  ...[0xd800, 0xdb7f, 0xdbff].map((point) => bad(`a pair from U+${point.toString(16)}`, [...three(point), ...three(0xdc00)])),
  bad('good text, then a surrogate, then good text', [...Buffer.from('κόσμε'), 0xed, 0xa0, 0x80, ...Buffer.from('edited')]),
];

function bad(what: string, bytes: readonly number[]): readonly [string, Buffer] {
  return [what, Buffer.from(bytes)];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function spaced(bytes: readonly number[]): number[] {
  return bytes.flatMap((byte) => [byte, 0x20]);
}

function three(point: number): number[] {
  return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)];
}
