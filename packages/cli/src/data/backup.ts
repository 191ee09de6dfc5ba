import { OpenClawError } from '@openclaw-runtime/protocol';
import type { World } from '../commands/world.ts';
import type { Config } from '../config/config.ts';
import { configOf, type DataOptions, errorOf, interruptible, keeperOf } from './options.ts';
import { bytesText, createProgress } from './progress.ts';

export interface BackupOptions extends DataOptions {
  readonly force?: boolean;
}

/** Copies a data folder's data into one file, from the server that has it open, or by itself. Resolves with the exit code. */
export function backup(file: string | undefined, options: BackupOptions, world: World): Promise<number> {
  return interruptible(world, async (signal) => {
    const config = configOf(options, world);
    const path = file ?? `openclaw-${new Date(world.clock.wall()).toISOString().slice(0, 19).replaceAll(':', '-')}.backup`;
    const sink = await world.data.sink(path, options.force ?? false);
    const progress = createProgress(world, 'backing up', world.err.isTty && !options.json);
    let bytes = 0;
    try {
      const source = await openSource(config, world, signal);
      try {
        for await (const part of source.parts) {
          await sink.write(part);
          bytes += part.length;
          if (source.bytes !== undefined) progress.tell(bytes / source.bytes);
          signal.throwIfAborted();
        }
      } finally {
        await source.close();
      }
      if (source.bytes !== undefined && bytes !== source.bytes)
        throw new OpenClawError('STREAM_DISCONNECTED', 'The server broke off. Try again.');
      await sink.done();
    } catch (error) {
      await sink.discard();
      throw error;
    } finally {
      progress.end();
    }
    const told = path === '-' ? world.err : world.out;
    told.write(options.json ? `${JSON.stringify({ file: path, bytes })}\n` : `claw: ${bytesText(bytes)} in ${path}\n`);
    return 0;
  });
}

interface Source {
  readonly bytes: number | undefined;
  readonly parts: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

async function openSource(config: Config, world: World, signal: AbortSignal): Promise<Source> {
  const keeper = await keeperOf(config, world);
  if (!keeper) {
    const { backup, close } = await world.data.backup(config.dataDir);
    return { bytes: backup.bytes, parts: backup.parts, close };
  }
  const { status, length, parts } = await world.data.stream(`${keeper.base}/v1/backup`, { method: 'GET', headers: keeper.headers }, signal);
  if (status !== 200) throw await errorOf(status, parts);
  return { bytes: length, parts, close: () => Promise.resolve() };
}
