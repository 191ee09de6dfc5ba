import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Json = Record<string, unknown>;

/** Writes one of the project's own streams. */
export function writeStream(wire: string, name: string, chunks: readonly Json[]): void {
  const file = fileURLToPath(new URL(`./streams/${wire}.${name}.jsonl`, import.meta.url));
  writeFileSync(file, `${chunks.map((chunk) => JSON.stringify(chunk)).join('\n')}\n`);
  console.log(`${wire}.${name}: ${chunks.length} chunks`);
}

/** A word with the space before it, as tokens mostly come. */
export function pieces(sentence: string): readonly string[] {
  return sentence.match(/ ?[^ ]+/g) ?? [];
}

export function argumentPieces(json: string): readonly string[] {
  return json.match(/.{1,4}/gsu) ?? [];
}
