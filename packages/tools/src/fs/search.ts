import type { Folder } from './port.ts';
import { walk } from './walk.ts';

export interface Search {
  readonly text: string;
  readonly path: string;
  readonly ignoreCase: boolean;
  readonly maxMatches: number;
  /** Of one file: larger ones are passed over. */
  readonly maxFileBytes: number;
}

/** Lines with the text in them, as `path:line: text`. The text is looked for as it is: no pattern of a model's runs here. */
export async function search(
  folder: Folder,
  { text, path, ignoreCase, maxMatches, maxFileBytes }: Search,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const wanted = ignoreCase ? text.toLowerCase() : text;
  const matches: string[] = [];
  for await (const found of walk(folder, path, signal)) {
    if (found.kind !== 'file' || found.size > maxFileBytes) continue;
    const content = await contentOf(folder, found.path, maxFileBytes);
    for (const [index, line] of content.split('\n').entries()) {
      if (!(ignoreCase ? line.toLowerCase() : line).includes(wanted)) continue;
      matches.push(`${found.path}:${index + 1}: ${line.slice(0, 300)}`);
      if (matches.length >= maxMatches) return [...matches, `[cut: there may be more than ${maxMatches}]`];
    }
  }
  return matches;
}

/** Empty for what is no text, and for what went away or turned into something else meanwhile. */
async function contentOf(folder: Folder, path: string, maxBytes: number): Promise<string> {
  const { bytes } = await folder.read(path, maxBytes).catch(() => ({ bytes: new Uint8Array(0) }));
  return bytes.subarray(0, 1_024).includes(0) ? '' : new TextDecoder().decode(bytes);
}
