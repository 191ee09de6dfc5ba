import { createHash } from 'node:crypto';
import { clientFrame } from '../../../packages/gateway/test/rig.ts';
import { UTF8_BAD, UTF8_GOOD } from './utf8.ts';

/** Pieces that are sent one after the other, and what comes of it. */
export interface Case {
  /** The section of the suite whose matter it is, and what it does. */
  readonly name: string;
  readonly send: readonly Buffer[];
  readonly expect: Outcome;
}

export type Outcome =
  /** The message is taken, with exactly this text. */
  | { readonly kind: 'taken'; readonly input: string; readonly pongs?: readonly string[] }
  /** Nothing is said but these pongs, and the connection goes on. */
  | { readonly kind: 'open'; readonly pongs: readonly string[] }
  | { readonly kind: 'closed'; readonly code: number; readonly pongs?: readonly string[] };

const [CONTINUE, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10] as const;
const FIN = 0x80;

/** A message that is taken: `input` comes back in the log of the run that it begins. */
function message(input: string | Buffer): Buffer {
  const idem = createHash('sha256').update(input).digest('base64url').slice(0, 10);
  const [before, after] = JSON.stringify({ t: 'start', ch: 1, idem, run: { input: '@' } }).split('@') as [string, string];
  return Buffer.concat([Buffer.from(before), typeof input === 'string' ? Buffer.from(input) : input, Buffer.from(after)]);
}
const BARE = message('').length;

const fin = (opcode: number, payload: Buffer | string = ''): Buffer => clientFrame(FIN | opcode, payload);
const more = (opcode: number, payload: Buffer | string = ''): Buffer => clientFrame(opcode, payload);
const bytewise = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.from([byte]));
const closed = (code: number, pongs?: readonly string[]): Outcome => ({ kind: 'closed', code, ...(pongs && { pongs }) });
const taken = (input: string, pongs?: readonly string[]): Outcome => ({ kind: 'taken', input, ...(pongs && { pongs }) });
const code = (number: number, reason: Buffer | string = ''): Buffer =>
  Buffer.concat([Buffer.from([number >> 8, number & 0xff]), Buffer.from(reason)]);
const inParts = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
/** One message in frames of so many bytes. */
const fragments = (bytes: Buffer, size: number, between: readonly Buffer[] = []): Buffer[] => {
  const parts = inParts(bytes, size);
  return parts.flatMap((part, i) => [
    ...(i > 0 ? between : []),
    clientFrame((i === parts.length - 1 ? FIN : 0) | (i === 0 ? TEXT : CONTINUE), part),
  ]);
};

/** The matter of sections 1 to 7 and 10 of the Autobahn suite, for a server whose messages are JSON in text and that takes no binary ones. */
export function allCases(): readonly Case[] {
  return [...framing(), ...pings(), ...reserved(), ...opcodes(), ...fragmentation(), ...utf8(), ...closes(), ...tenth()];
}

function framing(): Case[] {
  const lengths = [125, 126, 127, 128, 65_535, 65_536];
  return [
    { name: '1.1 text of 0 bytes', send: [fin(TEXT)], expect: closed(4400) },
    ...lengths.flatMap((length) => {
      const input = '*'.repeat(length - BARE);
      const frame = fin(TEXT, message(input));
      return [
        { name: `1.1 text of ${length} bytes`, send: [frame], expect: taken(input) },
        { name: `1.1 text of ${length} bytes, 997 at a time`, send: inParts(frame, 997), expect: taken(input) },
        { name: `1.2 binary of ${length} bytes`, send: [fin(BINARY, Buffer.alloc(length, 0xfe))], expect: closed(4400) },
      ];
    }),
    { name: '1.2 binary of 0 bytes', send: [fin(BINARY)], expect: closed(4400) },
  ];
}

function pings(): Case[] {
  const long = 'p'.repeat(125);
  const ten = Array.from({ length: 10 }, (_, i) => `ping ${i}`);
  return [
    { name: '2.1 a ping without payload', send: [fin(PING)], expect: { kind: 'open', pongs: [''] } },
    { name: '2.2 a ping with text', send: [fin(PING, 'Hello')], expect: { kind: 'open', pongs: ['Hello'] } },
    {
      name: '2.3 a ping with bytes',
      send: [fin(PING, Buffer.from([0, 0xff, 0xfe, 0xfd, 0]))],
      expect: { kind: 'open', pongs: ['\x00\xff\xfe\xfd\x00'] },
    },
    { name: '2.4 a ping of 125 bytes', send: [fin(PING, long)], expect: { kind: 'open', pongs: [long] } },
    { name: '2.5 a ping of 126 bytes', send: [fin(PING, `${long}p`)], expect: closed(1002) },
    { name: '2.6 a ping of 125 bytes, one at a time', send: bytewise(fin(PING, long)), expect: { kind: 'open', pongs: [long] } },
    { name: '2.7 a pong nobody asked for', send: [fin(PONG)], expect: { kind: 'open', pongs: [] } },
    { name: '2.8 a pong nobody asked for, with a payload', send: [fin(PONG, 'x')], expect: { kind: 'open', pongs: [] } },
    { name: '2.9 a pong, then a ping', send: [fin(PONG, 'x'), fin(PING, 'y')], expect: { kind: 'open', pongs: ['y'] } },
    { name: '2.10 ten pings', send: ten.map((text) => fin(PING, text)), expect: { kind: 'open', pongs: ten } },
    {
      name: '2.11 ten pings, a byte at a time',
      send: ten.flatMap((text) => bytewise(fin(PING, text))),
      expect: { kind: 'open', pongs: ten },
    },
  ];
}

function reserved(): Case[] {
  return [1, 2, 3, 4, 5, 6, 7].flatMap((bits) => {
    const bad = (opcode: number, payload = ''): Buffer => clientFrame(FIN | (bits << 4) | opcode, payload);
    return [
      { name: `3 reserved bits ${bits} on a text`, send: [bad(TEXT, '{}')], expect: closed(1002) },
      { name: `3 reserved bits ${bits} on a binary message`, send: [bad(BINARY, 'x')], expect: closed(1002) },
      { name: `3 reserved bits ${bits} on a ping, after a ping`, send: [fin(PING, 'a'), bad(PING, 'b')], expect: closed(1002, ['a']) },
      { name: `3 reserved bits ${bits} on a pong, a byte at a time`, send: bytewise(bad(PONG)), expect: closed(1002) },
      { name: `3 reserved bits ${bits} on a close`, send: [bad(CLOSE)], expect: closed(1002) },
      { name: `3 reserved bits ${bits} within a message`, send: [more(TEXT, '{'), bad(CONTINUE, '}')], expect: closed(1002) },
    ];
  });
}

function opcodes(): Case[] {
  return [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [
    { name: `4 opcode ${opcode} without payload`, send: [fin(opcode)], expect: closed(1002) },
    { name: `4 opcode ${opcode} with a payload`, send: [fin(opcode, 'reserved')], expect: closed(1002) },
    { name: `4 opcode ${opcode} after a ping`, send: [fin(PING, 'a'), fin(opcode, 'x')], expect: closed(1002, ['a']) },
    { name: `4 opcode ${opcode} within a message`, send: [more(TEXT, '{'), fin(opcode), fin(CONTINUE, '}')], expect: closed(1002) },
    { name: `4 opcode ${opcode}, a byte at a time`, send: bytewise(fin(opcode, 'x')), expect: closed(1002) },
  ]);
}

function fragmentation(): Case[] {
  const whole = message('fragment one, fragment two');
  const [one, two] = [whole.subarray(0, 60), whole.subarray(60)];
  const input = 'fragment one, fragment two';
  return [
    { name: '5.1 a ping in two fragments', send: [more(PING, 'a'), fin(CONTINUE, 'b')], expect: closed(1002) },
    { name: '5.2 a pong in two fragments', send: [more(PONG, 'a'), fin(CONTINUE, 'b')], expect: closed(1002) },
    { name: '5 a close in two fragments', send: [more(CLOSE, code(1000)), fin(CONTINUE)], expect: closed(1002) },
    { name: '5.3 a text in two fragments', send: [more(TEXT, one), fin(CONTINUE, two)], expect: taken(input) },
    { name: '5.4 the same in one piece', send: [Buffer.concat([more(TEXT, one), fin(CONTINUE, two)])], expect: taken(input) },
    { name: '5.5 the same, a byte at a time', send: bytewise(Buffer.concat([more(TEXT, one), fin(CONTINUE, two)])), expect: taken(input) },
    ...[false, true].map((slow) => {
      const send = [more(TEXT, one), fin(PING, 'between'), fin(CONTINUE, two)];
      return {
        name: `5.6 a ping between fragments${slow ? ', a byte at a time' : ''}`,
        send: slow ? send.flatMap(bytewise) : send,
        expect: taken(input, ['between']),
      };
    }),
    ...[fin, more].flatMap((last, i) => [
      { name: `5.9 a continuation of nothing ${i}`, send: [last(CONTINUE, 'x'), fin(TEXT, whole)], expect: closed(1002) },
      {
        name: `5.11 the same, a byte at a time ${i}`,
        send: bytewise(Buffer.concat([last(CONTINUE, 'x'), fin(TEXT, whole)])),
        expect: closed(1002),
      },
      { name: `5.15 a continuation after the end ${i}`, send: [...fragments(whole, 40), last(CONTINUE, 'x')], expect: closed(1002) },
    ]),
    { name: '5.18 a message within a message', send: [more(TEXT, one), fin(TEXT, two)], expect: closed(1002) },
    { name: '5.18 a binary message within a text', send: [more(TEXT, one), fin(BINARY, two)], expect: closed(1002) },
    {
      name: '5.19 fragments with pings between each two',
      send: fragments(whole, 20, [fin(PING, 'p')]),
      expect: taken(
        input,
        Array.from({ length: Math.ceil(whole.length / 20) - 1 }, () => 'p'),
      ),
    },
    { name: '5.20 empty fragments around a text', send: [more(TEXT), more(CONTINUE, whole), fin(CONTINUE)], expect: taken(input) },
    { name: '5 a binary message in two fragments', send: [more(BINARY, 'a'), fin(CONTINUE, 'b')], expect: closed(4400) },
  ];
}

function utf8(): Case[] {
  return [
    ...UTF8_GOOD.flatMap(([what, text]) => [
      { name: `6 ${what}`, send: [fin(TEXT, message(text))], expect: taken(text) },
      { name: `6 ${what}, cut within characters`, send: cutWithin(text), expect: taken(text) },
      { name: `6 ${what}, a byte at a time`, send: bytewise(fin(TEXT, message(text))), expect: taken(text) },
    ]),
    ...UTF8_BAD.flatMap(([what, bytes]) => [
      { name: `6 ${what}`, send: [fin(TEXT, message(bytes))], expect: closed(1007) },
      { name: `6 ${what}, alone`, send: [fin(TEXT, bytes)], expect: closed(1007) },
      { name: `6 ${what}, in fragments`, send: fragments(message(bytes), BARE - 10), expect: closed(1007) },
    ]),
  ];
}

/** A fragment ends within each of its characters, as far as fragments go. */
function cutWithin(text: string): Buffer[] {
  const bytes = message(text);
  const at = bytes.indexOf(Buffer.from(text));
  const body = inParts(bytes.subarray(at, -3), Math.max(1, Math.ceil(Buffer.byteLength(text) / 50)));
  return [more(TEXT, bytes.subarray(0, at)), ...body.map((part) => more(CONTINUE, part)), fin(CONTINUE, bytes.subarray(-3))];
}

function closes(): Case[] {
  const good = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
  const bad = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
  const long = 'r'.repeat(123);
  return [
    { name: '7.1.1 a close after a message', send: [fin(PING, 'a'), fin(CLOSE, code(1000))], expect: closed(1000, ['a']) },
    { name: '7.1.2 two closes', send: [fin(CLOSE, code(1000)), fin(CLOSE, code(1001))], expect: closed(1000) },
    { name: '7.1.3 a ping after a close', send: [fin(CLOSE, code(1000)), fin(PING, 'late')], expect: closed(1000, []) },
    { name: '7.1.4 a text after a close', send: [fin(CLOSE, code(1000)), fin(TEXT, message('late'))], expect: closed(1000) },
    { name: '7.1.5 a close within a message', send: [more(TEXT, '{'), fin(CLOSE, code(1000)), fin(CONTINUE, '}')], expect: closed(1000) },
    { name: '7.3.1 a close without payload', send: [fin(CLOSE)], expect: closed(1005) },
    { name: '7.3.2 a close of one byte', send: [fin(CLOSE, 'x')], expect: closed(1002) },
    { name: '7.3.3 a close with a code', send: [fin(CLOSE, code(1000))], expect: closed(1000) },
    { name: '7.3.4 a close with a reason', send: [fin(CLOSE, code(1000, 'Hello'))], expect: closed(1000) },
    { name: '7.3.5 a close with a reason of 123 bytes', send: [fin(CLOSE, code(1000, long))], expect: closed(1000) },
    { name: '7.3.6 a close with a reason of 124 bytes', send: [fin(CLOSE, code(1000, `${long}r`))], expect: closed(1002) },
    ...UTF8_BAD.map(([what, bytes]) => ({
      name: `7.5 a close whose reason is ${what}`,
      send: [fin(CLOSE, code(1000, bytes.subarray(0, 123)))],
      expect: closed(1007),
    })),
    ...good.map((number) => ({ name: `7.7 close code ${number}`, send: [fin(CLOSE, code(number))], expect: closed(number) })),
    ...bad.flatMap((number) => [
      { name: `7.9 close code ${number}`, send: [fin(CLOSE, code(number))], expect: closed(1002) },
      { name: `7.9 close code ${number} with a reason`, send: [fin(CLOSE, code(number, 'why'))], expect: closed(1002) },
    ]),
  ];
}

function tenth(): Case[] {
  const input = '*'.repeat(65_536 - BARE);
  const unmasked = Buffer.from([FIN | TEXT, 2, 0x7b, 0x7d]);
  return [
    { name: '10.1 65,536 bytes in frames of 1,300', send: fragments(message(input), 1_300), expect: taken(input) },
    { name: '– a frame without a mask', send: [unmasked], expect: closed(1002) },
    { name: '– a ping without a mask', send: [Buffer.from([FIN | PING, 0])], expect: closed(1002) },
    { name: '– a length beyond 2^53', send: [clientFrame(FIN | TEXT, '', 2 ** 60)], expect: closed(1009) },
    {
      name: '– a length with its highest bit',
      send: [Buffer.from([FIN | TEXT, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
      expect: closed(1009),
    },
  ];
}
