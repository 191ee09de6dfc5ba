import { type ArenaOptions, type ArenaReport, runArena, type Victim } from './arena.ts';
import type { Mode } from './plan.ts';
import { startProvider } from './processes.ts';

export interface CampaignOptions {
  readonly root: string;
  readonly kills: number;
  readonly seed: number;
  /** Arenas at a time. */
  readonly abreast: number;
  say(line: string): void;
}

export interface CampaignReport {
  readonly kills: number;
  readonly runs: number;
  readonly records: number;
  readonly durationMs: number;
  readonly arenas: readonly ArenaReport[];
  /** Each with the arena it is of. */
  readonly violations: readonly string[];
}

const VICTIMS: readonly Victim[] = ['server', 'client', 'both'];
const MODES: readonly Mode[] = ['vary', 'prefix'];

/** A third of the kills strikes the server, a third the client, a third both; half of each with a provider that answers differently at each attempt. */
export async function runCampaign({ root, kills, seed, abreast, say }: CampaignOptions): Promise<CampaignReport> {
  await using varying = await startProvider(root, { vary: true });
  await using steady = await startProvider(root, { vary: false });
  const began = performance.now();
  const courts = VICTIMS.flatMap((victim) => MODES.map((mode) => ({ victim, mode })));
  const waiting = courts.map(({ victim, mode }, n): ArenaOptions => {
    const provider = mode === 'vary' ? varying : steady;
    const share = Math.floor(((n + 1) * kills) / courts.length) - Math.floor((n * kills) / courts.length);
    const name = `${victim}-${mode}`;
    return {
      root,
      name,
      seed: seed + n,
      victim,
      mode,
      kills: share,
      providerUrl: String(provider.hello.url),
      stallMs: 10_000,
      healMs: 20_000,
    };
  });
  const arenas: ArenaReport[] = [];
  const violations: string[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const report = await runArena(next);
      arenas.push(report);
      violations.push(...report.violations.map(({ i, rule, says }) => `${next.name} run ${i} (${report.dir}): ${rule}: ${says}`));
      say(describeArena(next.name, report));
    }
  };
  await Promise.all(Array.from({ length: abreast }, work));
  const sum = (of: (report: ArenaReport) => number): number => arenas.reduce((total, report) => total + of(report), 0);
  return {
    kills: sum((report) => report.kills),
    runs: sum(({ runs }) => runs),
    records: sum(({ records }) => records),
    durationMs: performance.now() - began,
    arenas,
    violations,
  };
}

function describeArena(name: string, report: ArenaReport): string {
  const { kills, runs, records, superseded, resumed, violations, serverReadyMs, clientReadyMs, healedMs } = report;
  return (
    `  ${name.padEnd(13)} ${kills} kills, ${runs} runs, ${records} records, ${resumed} resumed, ${superseded} superseded, ` +
    `server up in ${median(serverReadyMs)} ms, client in ${median(clientReadyMs)} ms, all ended ${Math.round(healedMs)} ms after, ${violations.length} violations`
  );
}

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[values.length >> 1] ?? 0);
}
