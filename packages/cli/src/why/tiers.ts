import { OpenClawError } from '@openclaw-runtime/protocol';
import type { FaresNow } from '../commands/insight.ts';
import { plainJson, plainLine } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { ageOf } from '../runs/times.ts';

export interface TiersOptions extends ServerOptions {
  readonly json?: boolean;
}

/** Prints who is in which tier. Resolves with the exit code. */
export async function listTiers(options: TiersOptions, world: World): Promise<number> {
  return show(await withServer(options, world, ({ api }) => api.tiers()), options, world);
}

/** Puts one into a tier by hand; `auto` has it judged again. Resolves with the exit code. */
export async function setTier(of: string, name: string, tier: string, options: TiersOptions, world: World): Promise<number> {
  const wanted = tier === 'auto' ? null : Number(tier);
  if (wanted !== null && ![0, 1, 2, 3].includes(wanted))
    throw new OpenClawError('BAD_REQUEST', `${tier} is no tier. Write 0, 1, 2, 3 or auto.`);
  return show(await withServer(options, world, ({ api }) => api.setTier(of, name, wanted)), options, world);
}

const WORDS = ['normal', 'reconnecting', 'restored', 'static'] as const;

function show(tiers: readonly FaresNow[], { json }: TiersOptions, { out }: World): number {
  if (json) {
    out.write(`${plainJson({ tiers })}\n`);
    return 0;
  }
  if (tiers.length === 0) out.write('Nothing was asked of any model yet.\n');
  for (const { of, name, tier, why, forMs, reading } of tiers) {
    const { calls, failures, meanMs } = reading;
    const said = `${calls} tries, ${failures} failed${calls > failures ? `, ${Math.round(meanMs)} ms to the first word` : ''}`;
    out.write(`${plainLine(`${tier} ${WORDS[tier].padEnd(12)} ${of} ${name}, for ${ageOf(forMs)}: ${why}. ${said}.`)}\n`);
  }
  return 0;
}
