const NAME = /^\d{12}\.jsonl$/;

/** The log's files among these names, in their order. */
export function logFiles(names: readonly string[]): readonly string[] {
  return names.filter((name) => NAME.test(name)).toSorted();
}

/** The file whose first record is `seq`. */
export function fileOf(seq: number): string {
  return `${String(seq).padStart(12, '0')}.jsonl`;
}

export interface Line {
  readonly text: string;
  /** Whether its end was written: a server that was killed may leave a part of one. */
  readonly whole: boolean;
}

export function linesOf(bytes: Uint8Array): readonly Line[] {
  const parts = new TextDecoder().decode(bytes).split('\n');
  const rest = parts.pop() ?? '';
  const lines = parts.map((text) => ({ text, whole: true }));
  return rest === '' ? lines : [...lines, { text: rest, whole: false }];
}

/** Bytes up to the end of the last whole line. */
export function wholeBytes(bytes: Uint8Array): number {
  return bytes.lastIndexOf(10) + 1;
}
