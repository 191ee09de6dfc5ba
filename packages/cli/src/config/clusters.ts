import { resolve } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { parse } from 'yaml';
import { expand } from './expand.ts';
import type { ConfigPorts } from './ports.ts';

/**
 * Only the `clusters:` of the configuration file, for programs that are clients: the rest of the file may refer to
 * variables that only the server has. Empty when there is no file.
 */
export function readClusters(ports: ConfigPorts): Readonly<Record<string, readonly string[]>> {
  const path = resolve(ports.cwd, ports.env.OPENCLAW_CONFIG || 'openclaw.yaml');
  const text = ports.readFile(path);
  if (text === undefined) return {};
  const clusters = clustersOf(text, path);
  const { value, missing } = expand(clusters, ports.env);
  const [unset] = missing;
  if (unset) throw new OpenClawError('BAD_CONFIG', `${path}: clusters.${unset.path.join('.')}: the variable ${unset.name} is not set.`);
  return value as Readonly<Record<string, readonly string[]>>;
}

function clustersOf(text: string, path: string): Readonly<Record<string, readonly string[]>> {
  const file = parseText(text, path);
  const clusters = typeof file === 'object' && file !== null && 'clusters' in file ? (file.clusters ?? {}) : {};
  for (const [name, urls] of Object.entries(clusters)) {
    if (Array.isArray(urls) && urls.every((url) => typeof url === 'string')) continue;
    throw new OpenClawError('BAD_CONFIG', `${path}: clusters.${name}: ${JSON.stringify(urls)} is not a list of addresses.`);
  }
  return clusters as Readonly<Record<string, readonly string[]>>;
}

function parseText(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new OpenClawError('BAD_CONFIG', `${path}: ${(error as Error).message}`, { cause: error });
  }
}
