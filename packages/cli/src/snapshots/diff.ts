import { OpenClawError } from '@openclaw-runtime/protocol';
import { excerpt, plainJson, plainLine } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import { createStyle } from '../commands/style.ts';
import type { World } from '../commands/world.ts';
import type { RunsOptions } from '../runs/runs.ts';
import { type Change, differences } from './difference.ts';
import { findOne } from './find.ts';

/** Prints what changed from one snapshot to another; without the second from the one before. Resolves with the exit code. */
export async function diffSnapshots(first: string, second: string | undefined, options: RunsOptions, world: World): Promise<number> {
  const [before, after] = await withServer(options, world, async (server) => {
    const one = await findOne(server, first);
    if (second !== undefined) return [one, await findOne(server, second)] as const;
    const previous = one.saved.findLast(({ seq }) => seq < one.one.seq);
    if (!previous)
      throw new OpenClawError('NOT_FOUND', `The snapshot at record ${one.one.seq} is the first of its run. Name two to compare.`);
    return [{ ...one, one: previous }, one] as const;
  });
  const changes = differences(JSON.parse(before.one.state), JSON.parse(after.one.state));
  const names = [before, after].map(({ run, one }) => `${run.run}@${one.seq}`);
  if (options.json) world.out.write(`${plainJson({ before: names[0], after: names[1], changes })}\n`);
  else world.out.write(`${linesOf(changes, world, names).join('\n')}\n`);
  return 0;
}

function linesOf(changes: readonly Change[], world: World, [before = '', after = '']: readonly string[]): string[] {
  const style = createStyle(world, world.out);
  const head = style.dim(plainLine(`${before} → ${after}`));
  if (changes.length === 0) return [head, 'no difference'];
  const side = (sign: string, path: string, value: unknown): string =>
    `${sign} ${excerpt(`${path || 'state'} = ${JSON.stringify(value)}`)}`;
  const told = changes.flatMap((change) => [
    ...('before' in change ? [style.red(side('-', change.path, change.before))] : []),
    ...('after' in change ? [style.green(side('+', change.path, change.after))] : []),
  ]);
  return [head, ...told];
}
