import type { VerifyReport } from '@openclaw-runtime/store';
import { plainJson, plainText } from '../commands/plain.ts';
import type { World } from '../commands/world.ts';
import type { Config } from '../config/config.ts';
import { configOf, type DataOptions, interruptible, keeperOf } from './options.ts';
import { bytesText, createProgress } from './progress.ts';
import { askForReport } from './report.ts';

/** Reads all data and compares them with their checksums. Resolves with 1 when something is damaged. */
export function verify(options: DataOptions, world: World): Promise<number> {
  return interruptible(world, async (signal) => {
    const config = configOf(options, world);
    const progress = createProgress(world, 'verifying', world.err.isTty && !options.json);
    try {
      const report = await reportOf(config, world, signal, progress.tell);
      progress.end();
      world.out.write(options.json ? `${plainJson(report)}\n` : plainText(textOf(report)));
      return report.damaged.length > 0 ? 1 : 0;
    } finally {
      progress.end();
    }
  });
}

async function reportOf(config: Config, world: World, signal: AbortSignal, onProgress: (share: number) => void): Promise<VerifyReport> {
  const keeper = await keeperOf(config, world);
  if (!keeper) return world.data.verify(config.dataDir, { signal, onProgress });
  return askForReport(world, keeper, '/v1/verify', undefined, signal, onProgress);
}

function textOf({ counts, bytes, damaged }: VerifyReport): string {
  const { runs, records, segments, snapshots, journal, commands, states } = counts;
  const seen = `${runs} runs with ${records} records in ${segments} segments and ${snapshots} snapshots, ${journal} journal entries, ${commands} commands, ${states} states, ${bytesText(bytes)}`;
  if (damaged.length === 0) return `claw: nothing is damaged: ${seen}\n`;
  const lines = damaged.map(({ run, what, repair }) => `  ${run === undefined ? '' : `run ${run}: `}${what} (${repair})\n`);
  return `claw: damaged: ${damaged.length} of ${seen}\n${lines.join('')}`;
}
