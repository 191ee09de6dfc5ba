import { type Budget, OpenClawError } from '@openclaw-runtime/protocol';
import { plainJson } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { parseDuration, parseNumber } from '../config/units.ts';
import { amountOf } from './show.ts';

export interface AddOptions extends ServerOptions {
  readonly usd?: string;
  readonly tokens?: string;
  readonly time?: string;
  readonly json?: boolean;
}

/** Adds to a budget. Resolves with the exit code. */
export async function addToBudget(what: string, options: AddOptions, world: World): Promise<number> {
  const budget = budgetOf(options);
  const [scope = '', ...rest] = what.split(':');
  const name = rest.join(':');
  return withServer(options, world, async ({ api }) => {
    let added: object = { scope: what };
    if (what === 'tenant' || what === 'day') await api.addBudget({ scope: what }, budget);
    else if ((scope === 'agent' || scope === 'session') && name !== '') {
      await api.addBudget({ scope, name }, budget);
      added = { scope, name };
    } else {
      const { run } = await api.find(what);
      if (!(await api.topUp(run, budget))) throw new OpenClawError('RUN_FINISHED', `Run ${run} has ended. Start another.`);
      added = { run };
    }
    const said = Object.entries(budget).map(([unit, amount]: [string, number]) => amountOf(amount, unit as keyof Budget));
    world.out.write(options.json ? `${plainJson({ added: { ...added, ...budget } })}\n` : `added ${said.join(', ')} to ${what}\n`);
    return 0;
  });
}

/** Throws `BAD_REQUEST` where nothing is said, or no amount. */
function budgetOf({ usd, tokens, time }: AddOptions): Budget {
  const budget = {
    ...(usd !== undefined && { usd: amount('--usd', parseNumber(usd), 1_000_000) }),
    ...(tokens !== undefined && { tokens: Math.floor(amount('--tokens', parseNumber(tokens), 1e12)) }),
    ...(time !== undefined && { ms: Math.round(amount('--time', parseDuration(time), 1e12)) }),
  };
  if (Object.keys(budget).length === 0) throw new OpenClawError('BAD_REQUEST', 'Say how much: --usd, --tokens or --time.');
  return budget;
}

function amount(option: string, value: number | undefined, most: number): number {
  if (value !== undefined && value >= 0 && value <= most) return value;
  throw new OpenClawError('BAD_REQUEST', `${option}: an amount from 0 to ${most}.`);
}
