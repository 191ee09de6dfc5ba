import { OpenClawError } from '@openclaw-runtime/protocol';
import type { VerifyReport } from '@openclaw-runtime/store';
import { plainJson, plainText } from '../commands/plain.ts';
import type { World } from '../commands/world.ts';
import type { Config } from '../config/config.ts';
import { configOf, type DataOptions, errorOf, interruptible, keeperOf } from './options.ts';
import { bytesText, createProgress } from './progress.ts';

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
  const headers = { ...keeper.headers, accept: 'application/x-ndjson' };
  const { status, parts } = await world.data.stream(`${keeper.base}/v1/verify`, { method: 'POST', headers }, signal);
  if (status !== 200) throw await errorOf(status, parts);
  for await (const line of linesOf(parts)) {
    const said = JSON.parse(line) as {
      readonly share?: number;
      readonly report?: VerifyReport;
      readonly error?: Parameters<typeof OpenClawError.fromBody>[0];
    };
    if (said.report) return said.report;
    if (said.error) throw OpenClawError.fromBody(said.error);
    onProgress(said.share ?? 0);
  }
  throw new OpenClawError('STREAM_DISCONNECTED', 'The server broke off. Try again.');
}

async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of parts) {
    const lines = (text + decoder.decode(part, { stream: true })).split('\n');
    text = lines.pop() ?? '';
    yield* lines;
  }
}

function textOf({ counts, bytes, damaged }: VerifyReport): string {
  const { runs, records, segments, snapshots, journal, commands, states } = counts;
  const seen = `${runs} runs with ${records} records in ${segments} segments and ${snapshots} snapshots, ${journal} journal entries, ${commands} commands, ${states} states, ${bytesText(bytes)}`;
  if (damaged.length === 0) return `claw: nothing is damaged: ${seen}\n`;
  const lines = damaged.map(({ run, what, repair }) => `  ${run === undefined ? '' : `run ${run}: `}${what} (${repair})\n`);
  return `claw: damaged: ${damaged.length} of ${seen}\n${lines.join('')}`;
}
