import type { KeyInfo } from '@openclaw-runtime/gateway';
import type { Ask } from '../commands/api.ts';
import { plainJson, plainLine } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import { createStyle, type Style } from '../commands/style.ts';
import type { World } from '../commands/world.ts';

export interface KeysOptions extends ServerOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Prints the keys. Resolves with the exit code. */
export async function listKeys({ all = false, ...options }: KeysOptions, world: World): Promise<number> {
  const now = world.clock.wall();
  const known = await withServer(options, world, ({ ask }) => keysOf(ask));
  const keys = known.filter((key) => all || stateOf(key, now) === 'good');
  if (options.json) world.out.write(`${plainJson({ keys })}\n`);
  else if (keys.length === 0) world.err.write('claw: there are no keys; see claw keys create --help\n');
  else for (const line of table(keys, now, createStyle(world, world.out))) world.out.write(`${line}\n`);
  return 0;
}

export async function keysOf(ask: Ask): Promise<readonly KeyInfo[]> {
  const { keys } = (await ask('/v1/keys', { method: 'GET', headers: {} })) as { readonly keys: readonly KeyInfo[] };
  return keys;
}

function stateOf({ revokedMs, expiresMs }: KeyInfo, now: number): 'good' | 'revoked' | 'expired' {
  if (revokedMs !== undefined) return 'revoked';
  return expiresMs !== undefined && expiresMs <= now ? 'expired' : 'good';
}

function table(keys: readonly KeyInfo[], now: number, style: Style): string[] {
  const head = ['ID', 'NAME', 'TENANT', 'SCOPES', 'MADE', 'LAST USED', 'UNTIL'];
  const rows = keys.map((key) => {
    const { id, name, tenant, scopes, createdMs, lastUsedMs, expiresMs } = key;
    const state = stateOf(key, now);
    const until = state !== 'good' ? state : expiresMs === undefined ? '-' : dayOf(expiresMs);
    return [
      id,
      plainLine(name),
      tenant,
      scopes.join(','),
      dayOf(createdMs),
      lastUsedMs === undefined ? 'never' : minuteOf(lastUsedMs),
      until,
    ];
  });
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [style.dim(line(head)), ...rows.map(line)];
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function minuteOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
