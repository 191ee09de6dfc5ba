import type { RowOptions, RowReport } from '../rows/report.ts';
import { type Misdeed, misbehaveOften, type Neighbourhood } from './misbehave.ts';
import { CRASHES, FLOODS, HEAPS, LOOPS, NATIVES, type Shape } from './shapes.ts';

/** Two host processes: what takes one down leaves the server and the other alone. */
const HOSTED: Omit<Neighbourhood, 'misdeeds'> = { threads: { max: 4, hosts: 2 }, gapMs: 500, backMs: 3_000 };

/** Memory: heaps of several shapes, buffers outside of them, the stack. */
export function eatMemory(options: RowOptions): Promise<RowReport> {
  // A heap that never pauses cannot say what it died of.
  const misdeeds = [...each([...HEAPS, '2 GB of buffers'], /AGENT_(MEMORY|HUNG)/), ...contained(['deep recursion'], /AGENT_FAILED/)];
  return misbehaveOften(options, { ...HOSTED, misdeeds });
}

/** Threads that do not come back: loops, native code, floods; and what is refused. */
export function holdThreads(options: RowOptions): Promise<RowReport> {
  const misdeeds = [
    ...each([...LOOPS, ...FLOODS, ...NATIVES.filter((shape) => shape !== 'sleeping child')], /AGENT_(HUNG|CRASHED)/),
    ...contained(['sleeping child', 'nested workers', 'the environment'], /AGENT_FAILED/),
  ];
  return misbehaveOften(options, { ...HOSTED, misdeeds });
}

/** The pool of threads in which Node does its own work, filled by an agent. */
export function starvePool(options: RowOptions): Promise<RowReport> {
  return misbehaveOften(options, { ...HOSTED, misdeeds: contained(['starved pool'], /completed/) });
}

/** Agents that crash once, and those that crash whenever they are started again. */
export function crashOften(options: RowOptions): Promise<RowReport> {
  const misdeeds = each(CRASHES, /AGENT_CRASHED/).flatMap((misdeed) => [misdeed, { ...misdeed, isRepeated: true }]);
  return misbehaveOften(options, { ...HOSTED, misdeeds });
}

/** Sixteen threads that spin at the same time. */
export function spinTogether(options: RowOptions): Promise<RowReport> {
  return misbehaveOften(options, {
    ...HOSTED,
    threads: { max: 18, hosts: 2 },
    backMs: 10_000,
    abreast: 16,
    isDedicated: true,
    misdeeds: each(['endless loop'], /AGENT_HUNG/),
  });
}

function each(shapes: readonly Shape[], says: RegExp): Misdeed[] {
  return shapes.map((shape) => ({ shape, says }));
}

function contained(shapes: readonly Shape[], says: RegExp): Misdeed[] {
  return shapes.map((shape) => ({ shape, says, isContained: true }));
}
