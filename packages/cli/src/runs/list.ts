import { OpenClawError, type Status } from '@openclaw-runtime/protocol';
import type { RunSummary } from '@openclaw-runtime/store';
import { plainJson, plainLine } from '../commands/plain.ts';
import { withServer } from '../commands/server.ts';
import { createStyle, type Style } from '../commands/style.ts';
import type { World } from '../commands/world.ts';
import { nearest } from '../config/nearest.ts';
import { parseCount, type RunsOptions, STATUSES } from './runs.ts';
import { ageOf } from './times.ts';

export interface ListOptions extends RunsOptions {
  readonly limit: string;
  readonly status?: string;
  readonly before?: string;
}

/** Prints runs, newest first. Resolves with the exit code. */
export async function listRuns(options: ListOptions, world: World): Promise<number> {
  const limit = parseCount('--limit', options.limit, 1, 1_000);
  const query = { limit, before: parseCount('--before', options.before, 1), status: parseStatus(options.status) };
  const { runs, next } = await withServer(options, world, ({ api }) => api.list(query));
  if (options.json) {
    world.out.write(`${plainJson({ runs, ...(next === undefined ? {} : { next }) })}\n`);
    return 0;
  }
  const style = createStyle(world, world.out);
  if (runs.length === 0) world.err.write('claw: there are no such runs\n');
  else for (const line of table(runs, style, world.clock.wall())) world.out.write(`${line}\n`);
  if (next !== undefined) world.err.write(`claw: there are older ones: --before ${next}\n`);
  return 0;
}

/** A status in colour: what went well, what did not, what still goes on. */
export function paintStatus(status: Status, style: Style, text: string = status): string {
  if (status === 'completed') return style.green(text);
  return status === 'running' || status === 'cancelled' ? style.yellow(text) : style.red(text);
}

function table(runs: readonly RunSummary[], style: Style, nowMs: number): string[] {
  const rows = runs.map((run) => [
    plainLine(run.run),
    plainLine(run.status),
    `${ageOf(nowMs - run.createdMs)} ago`,
    run.endedMs === undefined ? '' : ageOf(run.endedMs - run.createdMs),
    plainLine(run.agent),
    plainLine(run.model ?? ''),
    plainLine(run.session ?? ''),
  ]);
  const head = ['RUN', 'STATUS', 'CREATED', 'TOOK', 'AGENT', 'MODEL', 'SESSION'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[], paint: (text: string, i: number) => string): string =>
    row
      .map((text, i) => paint(text.padEnd(widths[i] ?? 0), i))
      .join('  ')
      .trimEnd();
  return [
    line(head, (text) => style.dim(text)),
    ...rows.map((row, n) => line(row, (text, i) => (i === 1 ? paintStatus((runs[n] as RunSummary).status, style, text) : text))),
  ];
}

function parseStatus(text: string | undefined): Status | undefined {
  const status = STATUSES.find((each) => each === text);
  if (text === undefined || status) return status;
  const near = nearest(text, STATUSES);
  throw new OpenClawError(
    'BAD_REQUEST',
    `--status: there is no ${JSON.stringify(text)}. ${near ? `Did you mean ${near}?` : `One of: ${STATUSES.join(', ')}.`}`,
  );
}
