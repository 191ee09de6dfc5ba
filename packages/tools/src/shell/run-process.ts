import { OpenClawError } from '@openclaw-runtime/protocol';
import { createKept, type Kept } from '../process/kept.ts';
import type { Child, Ended, Processes, ProcessSpec } from '../process/port.ts';

/** Output after which a program is ended: nobody would read it. */
const FLOOD_BYTES = 64 * 1024 * 1024;

/** Runs a program to its end and tells what came of it. When the signal aborts, its whole group is ended at once. */
export async function runProcess(
  processes: Processes,
  spec: ProcessSpec,
  input: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const child = processes.start(spec);
  const stop = (): void => child.kill('now');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const stdout = createKept(maxBytes);
    const stderr = createKept(maxBytes);
    const reading = Promise.all([drain(child, child.stdout, stdout), drain(child, child.stderr, stderr)]);
    void child.write(input).then(child.endInput);
    const ended = await child.ended;
    await reading;
    signal.throwIfAborted();
    return tell(ended, stdout, stderr);
  } finally {
    signal.removeEventListener('abort', stop);
    child.kill('now');
  }
}

/** A pipe that breaks has ended. */
async function drain(child: Child, pipe: AsyncIterable<Uint8Array>, kept: Kept): Promise<void> {
  try {
    for await (const chunk of pipe) {
      kept.add(chunk);
      if (kept.size > FLOOD_BYTES) child.kill('now');
    }
  } catch {
    // As far as it came.
  }
}

function tell(ended: Ended, stdout: Kept, stderr: Kept): string {
  if ('failure' in ended) throw new OpenClawError('TOOL_FAILED', `shell.run: the program could not be started: ${ended.failure}`);
  const flooded = stdout.size > FLOOD_BYTES || stderr.size > FLOOD_BYTES;
  const how = flooded
    ? `ended after ${FLOOD_BYTES} bytes of output`
    : ended.signal === null
      ? `exit code ${ended.code}`
      : `ended by ${ended.signal}`;
  return [how, ...part('stdout', stdout), ...part('stderr', stderr)].join('\n');
}

function part(name: string, kept: Kept): readonly string[] {
  return kept.size === 0 ? [] : [`--- ${name} ---`, kept.text().trimEnd()];
}
