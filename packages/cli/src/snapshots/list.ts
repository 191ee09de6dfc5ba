import { plainJson, plainLine } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import { createStyle } from '../commands/style.ts';
import type { World } from '../commands/world.ts';
import type { RunsOptions } from '../runs/runs.ts';
import { findSaved } from './find.ts';

/** Prints the snapshots of a run, oldest first. Resolves with the exit code. */
export async function listSnapshots(name: string, options: RunsOptions, world: World): Promise<number> {
  const { run, saved } = await withServer(options, world, (server) => findSaved(server, name));
  const rows = saved.map(({ seq, version, state, pieces }) => ({ seq, version, characters: state.length, pieces }));
  if (options.json) {
    world.out.write(`${plainJson({ run: run.run, agent: run.agent, snapshots: rows })}\n`);
    return 0;
  }
  const style = createStyle(world, world.out);
  const head = ['SNAPSHOT', 'VERSION', 'CHARACTERS', 'PIECES BEFORE'];
  const cells = rows.map(({ seq, version, characters, pieces }) => [
    `${run.run}@${seq}`,
    String(version),
    String(characters),
    String(pieces),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  world.out.write(`${style.dim(line(head))}\n${cells.map((row) => `${plainLine(line(row))}\n`).join('')}`);
  return 0;
}
