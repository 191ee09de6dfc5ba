import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Logins } from '@openclaw-runtime/tools';
import type { World } from '../commands/world.ts';
import type { Config, McpSettings } from '../config/config.ts';
import { nearest } from '../config/nearest.ts';
import type { DataOptions } from '../data/options.ts';
import { createLoginFiles, loginsFolder } from '../machine/logins.ts';

export type McpOptions = DataOptions;

/** Where the logins of this data folder are. */
export function loginsOf(config: Config, world: World): Logins {
  return createLoginFiles(loginsFolder(config.dataDir), world.random);
}

/** Throws `NOT_FOUND` where no server is configured by that name. */
export function serverNamed(name: string, { mcp }: Config): McpSettings {
  const server = Object.hasOwn(mcp, name) ? mcp[name] : undefined;
  if (server) return server;
  const known = Object.keys(mcp);
  const near = nearest(name, known);
  const list = near === undefined ? `Known: ${known.join(', ') || 'none'}.` : `Did you mean ${near}?`;
  throw new OpenClawError('NOT_FOUND', `There is no MCP server ${JSON.stringify(name)} under mcp: in the configuration. ${list}`);
}
