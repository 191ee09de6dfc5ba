import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own streams. */
export const OWN_STREAMS = fileURLToPath(new URL('./streams', import.meta.url));

/** The lines of each `WIRE.NAME.jsonl` of a folder, by name. */
export function loadStreams(dir: string, wire: string): ReadonlyMap<string, readonly string[]> {
  const streams = new Map<string, readonly string[]>();
  for (const file of readdirSync(dir).sort()) {
    if (!file.startsWith(`${wire}.`) || !file.endsWith('.jsonl')) continue;
    const name = file.slice(wire.length + 1, -'.jsonl'.length);
    streams.set(name, readFileSync(join(dir, file), 'utf8').split('\n').filter(Boolean));
  }
  return streams;
}
