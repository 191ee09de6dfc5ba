import type { IncomingMessage, ServerResponse } from 'node:http';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { GatewayContext, Insight } from '../admission/options.ts';
import { readJson } from './body.ts';
import { respondJson } from './respond.ts';

type Kind = Parameters<Insight['setTier']>[0];
type Tier = Parameters<Insight['setTier']>[2];

const KINDS: readonly unknown[] = ['model', 'agent', 'host'] satisfies readonly Kind[];
const TIERS: readonly unknown[] = [0, 1, 2, 3, null];
const NAME_CHARS = 128;

/** GET: `{tiers: […]}`. POST `{of, name, tier}`: sets one by hand; `tier: null` has it judged again. */
export async function serveTiers({ insight }: GatewayContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!insight) throw new OpenClawError('NOT_IMPLEMENTED', 'This server works on no runs. Ask the one that does.');
  if (request.method === 'POST') {
    const { of, name, tier } = ((await readJson(request)) ?? {}) as {
      readonly of?: unknown;
      readonly name?: unknown;
      readonly tier?: unknown;
    };
    if (!KINDS.includes(of)) throw new OpenClawError('BAD_REQUEST', 'of: Expected "model", "agent" or "host".');
    if (typeof name !== 'string' || name === '' || name.length > NAME_CHARS)
      throw new OpenClawError('BAD_REQUEST', `name: Expected 1 to ${NAME_CHARS} characters.`);
    if (!TIERS.includes(tier)) throw new OpenClawError('BAD_REQUEST', 'tier: Expected 0, 1, 2, 3 or null.');
    insight.setTier(of as Kind, name, (tier ?? undefined) as Tier);
  }
  respondJson(response, 200, { tiers: insight.tiers() });
}
