import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Chunk } from './chunks.ts';

/** The project's own streams. */
export const OWN_STREAMS = fileURLToPath(new URL('./streams', import.meta.url));

/** The lines of each `openai-chat.NAME.jsonl` of a folder, by name. */
export function loadStreams(dir: string): ReadonlyMap<string, readonly string[]> {
  const streams = new Map<string, readonly string[]>();
  for (const file of readdirSync(dir).sort()) {
    const name = /^openai-chat\.(.+)\.jsonl$/.exec(file)?.[1];
    if (name) streams.set(name, readFileSync(join(dir, file), 'utf8').split('\n').filter(Boolean));
  }
  return streams;
}

export function parseLines(lines: readonly string[]): readonly Chunk[] {
  return lines.map((line) => JSON.parse(line) as Chunk);
}
