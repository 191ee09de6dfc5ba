import type { Why } from '../commands/insight.ts';
import { plainJson, plainLine } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { ageOf } from '../runs/times.ts';
import { endOf, thingOf } from './words.ts';

export interface WhyOptions extends ServerOptions {
  readonly json?: boolean;
}

/** Prints what a run waits for, since when, and what would end that. Resolves with the exit code. */
export async function why(name: string, options: WhyOptions, world: World): Promise<number> {
  const found = await withServer(options, world, async ({ api }) => api.why((await api.find(name)).run));
  if (options.json)
    world.out.write(`${plainJson({ ...found, waits: found.waits.map((wait) => ({ ...wait, ends: endOf(wait, found.run) })) })}\n`);
  else for (const line of linesOf(found)) world.out.write(`${plainLine(line)}\n`);
  return 0;
}

export function linesOf({ run, status, waits, readers, seq, forMs }: Why): readonly string[] {
  const lines: string[] = [];
  const [first, ...others] = waits;
  if (first) {
    lines.push(`${run} waits for ${thingOf(first)}, for ${ageOf(first.forMs ?? forMs)}.`);
    if (first.detail !== undefined) lines.push(`  ${first.detail}`);
    lines.push(`  What ends it: ${endOf(first, run)}`);
  } else if (status === 'running') lines.push(`${run} waits for nothing: it is at work, at record ${seq}.`);
  else lines.push(`${run} waits for nothing: it has ended, ${status}.`);
  for (const wait of others) lines.push(`  It waits for ${thingOf(wait)}, too, for ${ageOf(wait.forMs ?? forMs)}.`);
  for (const { behind, unsentBytes, forMs: sinceMs, stalledMs } of readers) {
    const how = stalledMs === undefined ? `was sent something ${ageOf(sinceMs)} ago` : `has taken nothing for ${ageOf(stalledMs)}`;
    lines.push(`A slow client reads it: it is ${behind} records behind, has ${unsentBytes} bytes to take, and ${how}.`);
    lines.push(
      '  What ends it: the client reads on; after 2 min without a byte taken its connection is closed, and it may resume. The run does not wait for it.',
    );
  }
  return lines;
}
