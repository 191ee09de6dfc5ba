import type { Folder, FolderEntry } from './port.ts';

/** Entries that a walk looks at before it gives up. */
const MAX_ENTRIES = 50_000;

export interface Found extends FolderEntry {
  readonly path: string;
}

/** Everything below a folder, folders before what is in them; links are named and not followed. Ends after `maxEntries`, of themselves 50,000. */
export async function* walk(
  folder: Folder,
  from: string,
  signal: AbortSignal,
  maxEntries: number = MAX_ENTRIES,
): AsyncGenerator<Found, void, undefined> {
  const waiting = [from];
  let seen = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const below: string[] = [];
    for (const entry of await folder.list(path, maxEntries - seen)) {
      signal.throwIfAborted();
      seen++;
      const found = { ...entry, path: path === '' ? entry.name : `${path}/${entry.name}` };
      yield found;
      if (entry.kind === 'folder') below.push(found.path);
    }
    if (seen >= maxEntries) return;
    waiting.push(...below.reverse());
  }
}
