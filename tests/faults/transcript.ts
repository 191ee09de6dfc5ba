import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import type { RunRecord, WireRecord } from '@openclaw-runtime/protocol';

/** What a client process wrote down, a JSON line each, at the moment it happened. `i` is the run's number in the plan. */
export type Line =
  | { readonly t: 'process'; readonly pid: number }
  /** About to ask for the run; `after` is 0. */
  | { readonly t: 'asked'; readonly i: number }
  | { readonly t: 'resumed'; readonly i: number; readonly after: number; readonly with: 'fold' | 'cursor' }
  | { readonly t: 'started'; readonly i: number; readonly run: string }
  | HeardRecord
  | { readonly t: 'snapshot'; readonly i: number; readonly epoch: number; readonly seq: number }
  | Told
  | { readonly t: 'ended'; readonly i: number; readonly status: string; readonly text: string }
  | { readonly t: 'failed'; readonly i: number; readonly code: string; readonly message: string };

export interface HeardRecord {
  readonly t: 'record';
  readonly i: number;
  readonly epoch: number;
  readonly seq: number;
  /** The chain value after it. */
  readonly h: number;
  readonly wire: WireRecord;
}

/** Text that the client's events handed to the application, or took back. They may come before the run's id is known here as one of the plan. */
export type Told =
  | { readonly t: 'token' | 'thinking'; readonly run: string; readonly seq: number; readonly text: string }
  | { readonly t: 'rewind'; readonly run: string; readonly step: number; readonly keep: number; readonly keepThinking: number };

/** The record as it came over the wire. */
export function wireOf({ kind, step, attempt, data, deltas }: RunRecord): WireRecord {
  return deltas === undefined ? [kind, step, attempt, data] : [kind, step, attempt, data, deltas];
}

/** The lines of each run of the plan, in their order. */
export function linesByRun(lines: readonly Line[]): ReadonlyMap<number, readonly Line[]> {
  const numbers = new Map(lines.flatMap((line) => (line.t === 'started' ? [[line.run, line.i] as const] : [])));
  const runs = new Map<number, Line[]>();
  for (const line of lines) {
    if (line.t === 'process') continue;
    const i = 'i' in line ? line.i : numbers.get(line.run);
    if (i === undefined) continue;
    const own = runs.get(i);
    if (own) own.push(line);
    else runs.set(i, [line]);
  }
  return runs;
}

/** The complete lines; what a kill left of a line is no line. */
export function readTranscript(path: string): Line[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

export interface Pen extends Disposable {
  write(line: Line): void;
}

/** Appends, each line in one write that outlives the process. First cuts off what a kill left of a line. */
export function openPen(path: string): Pen {
  if (existsSync(path)) truncateSync(path, readFileSync(path).lastIndexOf(0x0a) + 1);
  const file = openSync(path, 'a');
  return {
    write: (line) => void writeSync(file, `${JSON.stringify(line)}\n`),
    [Symbol.dispose]: () => closeSync(file),
  };
}
