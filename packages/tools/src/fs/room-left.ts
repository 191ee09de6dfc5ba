import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Folder } from './port.ts';
import { walk } from './walk.ts';

export interface Quota {
  readonly maxFiles: number;
  readonly maxTotalBytes: number;
}

/**
 * Throws `TOOL_FAILED` when a workspace would hold too much after `bytes` are written to `path`. What is there is counted anew, since others write there too; folders
 * count as files do, those that would be made with it as well.
 */
export async function assertRoom(folder: Folder, path: string, bytes: number, quota: Quota, signal: AbortSignal): Promise<void> {
  const mine = new Set(path.split('/').map((_name, i, names) => names.slice(0, i + 1).join('/')));
  let files = mine.size;
  let total = bytes;
  for await (const found of walk(folder, '', signal, quota.maxFiles + mine.size)) {
    if (mine.has(found.path)) continue;
    files++;
    total += found.size;
    if (files > quota.maxFiles) break;
  }
  if (files > quota.maxFiles) throw full(`${quota.maxFiles} files and folders`);
  if (total > quota.maxTotalBytes) throw full(`${quota.maxTotalBytes} bytes`);
}

function full(limit: string): OpenClawError {
  return new OpenClawError('TOOL_FAILED', `fs.write: the workspace may hold ${limit} and no more. Remove what is not needed.`);
}
