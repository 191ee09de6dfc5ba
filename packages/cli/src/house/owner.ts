import { join } from 'node:path';
import type { ConfigPorts } from '../config/ports.ts';

/** Who has a data folder open: `owner.json` in it, written by the house that listens. */
export interface Owner {
  readonly url: string;
  readonly pid?: number;
  /** What commands of this machine come in with: whoever may read the data folder is the house's own. */
  readonly key?: string;
}

/** `undefined` where there is no such file, or none that can be used. The owner may be gone all the same. */
export function readOwner(dataDir: string, ports: Pick<ConfigPorts, 'readFile'>): Owner | undefined {
  try {
    const { url, pid, key } = JSON.parse(ports.readFile(join(dataDir, 'owner.json')) ?? 'null') as {
      readonly url?: unknown;
      readonly pid?: unknown;
      readonly key?: unknown;
    };
    if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
    return { url, ...(typeof pid === 'number' && { pid }), ...(typeof key === 'string' && { key }) };
  } catch {
    return undefined;
  }
}
