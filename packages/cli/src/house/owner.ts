import { join } from 'node:path';
import type { ConfigPorts } from '../config/ports.ts';

/** Who has a data folder open: `owner.json` in it, written by the house that listens. */
export interface Owner {
  readonly url: string;
  readonly pid?: number;
}

/** `undefined` where there is no such file, or none that can be used. The owner may be gone all the same. */
export function readOwner(dataDir: string, ports: Pick<ConfigPorts, 'readFile'>): Owner | undefined {
  try {
    const { url, pid } = JSON.parse(ports.readFile(join(dataDir, 'owner.json')) ?? 'null') as {
      readonly url?: unknown;
      readonly pid?: unknown;
    };
    if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
    return typeof pid === 'number' ? { url, pid } : { url };
  } catch {
    return undefined;
  }
}
