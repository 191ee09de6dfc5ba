import { readFileSync } from 'node:fs';
import { readClusters } from '@openclaw-runtime/cli/clusters';
import { type Clusters, parseClusters } from '@openclaw-runtime/client/address';
import { PooledClient, type PooledOptions } from './pooled-client.ts';

/** All are optional. Times are milliseconds. */
export type ClientOptions = PooledOptions;

/**
 * The client, for Node: `agent://environment/cluster` is also looked up in the `clusters:` of `./openclaw.yaml`, or of the
 * file that OPENCLAW_CONFIG names. The option `clusters` and the variable OPENCLAW_CLUSTERS each take their place.
 */
export class OpenClawClient extends PooledClient {
  /** Throws `BAD_CONFIG`. */
  constructor(options: ClientOptions = {}) {
    super({ ...options, clusters: options.clusters ?? clustersHere() });
  }
}

function clustersHere(): Clusters {
  const { OPENCLAW_CLUSTERS: variable } = process.env;
  return variable ? parseClusters(variable) : readClusters({ env: process.env, cwd: process.cwd(), readFile });
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
