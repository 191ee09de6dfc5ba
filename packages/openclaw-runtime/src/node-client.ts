import { readFileSync } from 'node:fs';
import { readClusters } from '@openclaw-runtime/cli/clusters';
import { OpenClawClient as Client, type ClientOptions } from '@openclaw-runtime/client';

/**
 * The client, for Node: `agent://environment/cluster` is also looked up in the `clusters:` of `./openclaw.yaml`, or of the
 * file that OPENCLAW_CONFIG names. The option `clusters` and the variable OPENCLAW_CLUSTERS each take their place.
 */
export class OpenClawClient extends Client {
  /** Throws `BAD_CONFIG`. */
  constructor(options: ClientOptions = {}) {
    super(options.clusters || process.env.OPENCLAW_CLUSTERS ? options : { ...options, clusters: clustersOfFile() });
  }
}

function clustersOfFile(): NonNullable<ClientOptions['clusters']> {
  return readClusters({ env: process.env, cwd: process.cwd(), readFile });
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
