import type { Budget } from '@openclaw-runtime/protocol';
import type { BudgetState } from '../commands/api.ts';
import { plainJson, plainLine } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import { createStyle, type Style } from '../commands/style.ts';
import type { World } from '../commands/world.ts';

export interface ShowOptions extends ServerOptions {
  readonly run?: string;
  readonly session?: string;
  readonly agent?: string;
  readonly json?: boolean;
}

/** Prints how budgets stand. Resolves with the exit code. */
export async function showBudgets({ run: name, session, agent, ...options }: ShowOptions, world: World): Promise<number> {
  const budgets = await withServer(options, world, async ({ api }) => {
    const run = name === undefined ? undefined : (await api.find(name)).run;
    return api.budgets({ run, session, agent });
  });
  if (options.json) world.out.write(`${plainJson({ budgets })}\n`);
  else if (budgets.length === 0) world.err.write('claw: nothing is limited; see claw budget --help\n');
  else for (const line of table(budgets, createStyle(world, world.out))) world.out.write(`${line}\n`);
  return 0;
}

const UNITS = ['usd', 'tokens', 'ms'] as const;

/** A line for each budget and unit that is limited. */
function table(budgets: readonly BudgetState[], style: Style): string[] {
  const rows = budgets.flatMap(({ scope, name, limit, spent, reserved, left }) =>
    UNITS.filter((unit) => limit[unit] !== undefined).map((unit) => {
      const said = (budget: Budget): string => amountOf(budget[unit] ?? 0, unit);
      return [plainLine(scope), plainLine(name), said(limit), said(spent), said(reserved), said(left)];
    }),
  );
  const head = ['SCOPE', 'NAME', 'LIMIT', 'SPENT', 'RESERVED', 'LEFT'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => (i < 2 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [style.dim(line(head)), ...rows.map(line)];
}

/** `$0.25`, `1200 tokens`, `90 s`. */
export function amountOf(amount: number, unit: (typeof UNITS)[number]): string {
  if (unit === 'usd') return amount < 0 ? `-$${-amount}` : `$${amount}`;
  return unit === 'ms' ? `${amount / 1_000} s` : `${amount} tokens`;
}
