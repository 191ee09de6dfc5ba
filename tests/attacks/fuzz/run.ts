import { createMemoryStore, type Store } from '@openclaw-runtime/store';
import type { AttackedHouse } from '../house.ts';
import { type Case, casesOf, type Door, textOf } from './cases.ts';
import { openFuzzed } from './fuzzed.ts';
import { assistantLane, createHttp, helloLane, type Lane, socketLane } from './lanes.ts';
import type { HttpSpecimen, Specimens } from './specimens.ts';

export interface Fault {
  /** Of the case, counted from 0. */
  readonly n: number;
  readonly door: Door;
  readonly sent: string;
  readonly what: string;
}

/** Cases that share a seed, and that a server lives for. */
const BATCH = 1_000;
const LIFE = 20;
const LANES = 16;

export interface Asked {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Of the first server; absent: one in memory. */
  readonly store?: Store;
  onProgress?(done: number, faults: readonly Fault[]): void;
}

/** Sends the cases `from` to `to` of a seed to servers whose runs end at once. `from` counts in whole thousands. */
export async function fuzz({ seed, from, to, store, onProgress }: Asked): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  for (let at = Math.floor(from / BATCH) * BATCH; at < to; ) {
    await using life = await openLife(store ?? createMemoryStore());
    for (let i = 0; i < LIFE && at < to; i++, at += BATCH) {
      faults.push(...(await life.take(casesOf(seed * 1_000_003 + at / BATCH, Math.min(BATCH, to - at)), at)));
      onProgress?.(Math.min(at + BATCH, to), faults);
    }
  }
  return faults;
}

interface Life extends AsyncDisposable {
  take(cases: readonly Case[], first: number): Promise<readonly Fault[]>;
}

async function openLife(store: Store): Promise<Life> {
  const { house, right } = await openFuzzed(store);
  const { port } = house.gateway;
  const http = createHttp(port, house.master);
  const lanes: readonly (readonly [Door, Lane | undefined])[] = Array.from({ length: LANES }, () => [
    ['socket', socketLane(port, house.master)] as const,
    ['assistant', assistantLane(port, house.master)] as const,
    ['http', undefined] as const,
    ...(['hello'] as const).map((door) => [door, helloLane(port)] as const),
  ]).flat();
  return {
    async take(cases, first) {
      const faults: Fault[] = [];
      const before = house.defects.length;
      const waiting = Map.groupBy(cases.keys(), (n) => (cases[n] as Case).door);
      await Promise.all(
        lanes.map(async ([door, lane]) => {
          for (let n = waiting.get(door)?.pop(); n !== undefined; n = waiting.get(door)?.pop()) {
            const one = cases[n] as Case;
            const sent = lane ? textOf(specimenOf(right, door, one), one) : '';
            const what = lane ? await lane.send(sent) : await sendHttp(http, right, one);
            if (what !== undefined) faults.push({ n: first + n, door, sent: sent.slice(0, 300) || describe(right, one), what });
          }
        }),
      );
      for (const defect of house.defects.slice(before))
        faults.push({ n: first, door: 'http', sent: '', what: `defect: ${String((defect as Error).stack)}` });
      if (!(await answers(house))) faults.push({ n: first, door: 'http', sent: '', what: 'does not answer any more' });
      return faults;
    },
    async [Symbol.asyncDispose]() {
      for (const [, lane] of lanes) lane?.end();
      http.end();
      await house[Symbol.asyncDispose]();
    },
  };
}

async function answers(house: AttackedHouse): Promise<boolean> {
  return (await house.ask('/v1/runs?limit=1', { key: house.master })).status === 200;
}

function specimenOf(right: Specimens, door: Door, { specimen }: Case): unknown {
  return right[door][specimen % right[door].length];
}

async function sendHttp(http: ReturnType<typeof createHttp>, right: Specimens, one: Case): Promise<string | undefined> {
  const specimen = specimenOf(right, 'http', one) as HttpSpecimen;
  const path = one.query === undefined ? specimen.path : `${specimen.path}?${one.query}`;
  const body = specimen.body === undefined ? undefined : textOf(specimen.body, one);
  return http.send({ ...specimen, path }, body, one.header ? { [one.header[0]]: one.header[1] } : {});
}

function describe(right: Specimens, one: Case): string {
  const { method, path, body } = specimenOf(right, 'http', one) as HttpSpecimen;
  return `${method} ${path}?${one.query ?? ''} ${one.header?.join(': ') ?? ''} ${body === undefined ? '' : textOf(body, one).slice(0, 400)}`;
}
