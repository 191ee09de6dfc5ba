import type { IssuedKey } from '@openclaw-runtime/gateway';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { posted } from '../commands/api.ts';
import { plainJson, plainLine } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { parseDuration } from '../config/units.ts';
import { keysOf } from './list.ts';

export interface CreateOptions extends ServerOptions {
  readonly scopes?: string;
  readonly tenant?: string;
  readonly expires?: string;
  readonly json?: boolean;
}

/** Makes a key and prints it. Resolves with the exit code. */
export async function createKey(name: string, options: CreateOptions, world: World): Promise<number> {
  const { scopes, tenant, expires } = options;
  const asked = {
    name,
    ...(scopes !== undefined && { scopes: scopes.split(',').map((scope) => scope.trim()) }),
    ...(tenant !== undefined && { tenant }),
    ...(expires !== undefined && { expiresMs: world.clock.wall() + durationOf('--expires', expires) }),
  };
  const { issued, isFirst } = await withServer(options, world, async ({ ask }) => ({
    isFirst: (await keysOf(ask)).length === 0,
    issued: (await ask('/v1/keys', posted(asked))) as IssuedKey,
  }));
  if (isFirst && !options.json) world.err.write('claw: this is the first key: from now on nobody comes in without one, or a token\n');
  return printed(issued, options.json ?? false, world);
}

/** The key alone on stdout, what it is on stderr. */
export function printed({ key, text }: IssuedKey, asJson: boolean, { out, err }: Pick<World, 'out' | 'err'>): number {
  if (asJson) out.write(`${plainJson({ key, text })}\n`);
  else {
    const { id, name, tenant, scopes } = key;
    err.write(`claw: key ${id} of ${plainLine(name)}: ${scopes.join(', ')} in tenant ${tenant}. It is shown this once:\n`);
    out.write(`${text}\n`);
  }
  return 0;
}

/** Milliseconds. Throws `BAD_REQUEST`. */
export function durationOf(option: string, written: string): number {
  const ms = parseDuration(written);
  if (ms !== undefined && ms > 0) return Math.round(ms);
  throw new OpenClawError('BAD_REQUEST', `${option}: ${JSON.stringify(written)} is no duration, such as 1h or 90d.`);
}
