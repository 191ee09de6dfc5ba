import { plainJson } from '../commands/plain.ts';
import type { World } from '../commands/world.ts';
import { configOf } from '../data/options.ts';
import { loginsOf, type McpOptions, serverNamed } from './options.ts';

/** Forgets the login to an MCP server, also where that cannot be read. Resolves with the exit code. */
export async function logout(name: string, options: McpOptions, world: World): Promise<number> {
  const config = configOf(options, world);
  serverNamed(name, config);
  const logins = loginsOf(config, world);
  const had = (await logins.read(name).catch(() => undefined))?.tokens !== undefined;
  await logins.write(name, undefined);
  if (options.json) world.out.write(`${plainJson({ server: name, had })}\n`);
  else world.out.write(had ? `the login to ${name} is forgotten here\n` : `nobody was logged in to ${name}\n`);
  return 0;
}
