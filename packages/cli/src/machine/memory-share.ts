import { readFileSync } from 'node:fs';
import { constrainedMemory, execArgv } from 'node:process';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { createResidentBytes } from './resident-bytes.ts';

const NURSERY = '--max-semi-space-size=';
/** What V8 counts into the limit of the heap and only young objects can have: three semi-spaces. Those that V8 makes by itself are small. */
const YOUNG_BYTES = 3 * 2 ** 20 * Number(execArgv.findLast((flag) => flag.startsWith(NURSERY))?.slice(NURSERY.length) ?? 0);

/** The part of its memory that this process has: of the heap that what stays can have, or of what it may have in all, whichever is more. */
export function createMemoryShare(configuredBytes: number | undefined): () => number {
  const limit = configuredBytes ?? limitOfMachine();
  const residentBytes = createResidentBytes();
  return () => {
    const most = getHeapStatistics().heap_size_limit - YOUNG_BYTES;
    return Math.max(oldBytes() / most, residentBytes() / limit);
  };
}

function oldBytes(): number {
  return getHeapSpaceStatistics().reduce(
    (sum, { space_name, space_used_size }) => (space_name.startsWith('new') ? sum : sum + space_used_size),
    0,
  );
}

/** Of the control group, else of the machine. */
function limitOfMachine(): number {
  const total = Number(/MemTotal:\s+(\d+)/.exec(textOf('/proc/meminfo'))?.[1] ?? 0) * 1024 || Number.POSITIVE_INFINITY;
  const constrained = constrainedMemory();
  return constrained > 0 && constrained < total ? constrained : total;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
