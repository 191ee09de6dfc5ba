import { resolve } from 'node:path';
import type { World } from '../commands/world.ts';
import { configOf, type DataOptions, interruptible } from './options.ts';
import { bytesText, createProgress } from './progress.ts';

export interface RestoreFlags extends DataOptions {
  readonly force?: boolean;
}

/** Puts a backup in place of a data folder's data. Resolves with the exit code. */
export function restore(file: string, options: RestoreFlags, world: World): Promise<number> {
  return interruptible(world, async (signal) => {
    const { dataDir } = configOf(options, world);
    const progress = createProgress(world, 'checking and restoring', world.err.isTty && !options.json);
    try {
      const restored = await world.data.restore({
        file: resolve(world.config.cwd, file),
        folder: dataDir,
        force: options.force ?? false,
        signal,
        onProgress: progress.tell,
      });
      progress.end();
      if (options.json) world.out.write(`${JSON.stringify({ data: dataDir, ...restored })}\n`);
      else world.out.write(textOf(dataDir, restored));
      return 0;
    } finally {
      progress.end();
    }
  });
}

function textOf(folder: string, { bytes, at, runs, aside }: Awaited<ReturnType<World['data']['restore']>>): string {
  const moved = aside === undefined ? '' : `claw: what was there is in ${aside}\n`;
  return `claw: ${runs} ended or long runs, ${bytesText(bytes)}, as of ${new Date(at).toISOString()}, are in ${folder}\n${moved}claw: runs that were at work go on when a server opens it (claw up)\n`;
}
