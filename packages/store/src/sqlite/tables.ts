import type { DatabaseSync } from 'node:sqlite';
import type { Damage } from '../contract/store.ts';
import { type Commands, createCommands } from './commands.ts';
import { createJournal, type Journal } from './journal.ts';
import { createMendingRows } from './mending-rows.ts';
import { createMeta, freshEpoch, type Meta } from './meta.ts';
import { createPlaces, type Places } from './places.ts';
import { createReplays, type Replays } from './replays.ts';
import { createStoredRows, type RunRows } from './run-rows.ts';
import { createSegments, type Segments } from './segments.ts';
import { createSnapshotRows, type SnapshotRows } from './snapshot-rows.ts';
import { createStates, type States } from './states.ts';
import { createTenants, type Tenants } from './tenants.ts';

/** Everything in the file, a table each. What is read is checked first. */
export interface Tables {
  /** Of the file, for messages. */
  readonly path: string;
  /** What was found damaged, as it was found. */
  readonly found: Damage[];
  readonly meta: Meta;
  readonly journal: Journal;
  readonly runs: RunRows;
  readonly places: Places;
  readonly segments: Segments;
  readonly snapshots: SnapshotRows;
  readonly replays: Replays;
  readonly commands: Commands;
  readonly states: States;
  readonly tenants: Tenants;
}

export function createTables(db: DatabaseSync, path: string, wallMs: number): Tables {
  const meta = createMeta(db);
  const segments = createSegments(db, path);
  const snapshots = createSnapshotRows(db, path);
  const places = createPlaces(db, path, meta);
  const found: Damage[] = [];
  const parts = {
    path,
    meta,
    places,
    segments,
    snapshots,
    freshEpoch: () => freshEpoch(meta, wallMs),
    found: (damage: Damage) => void found.push(damage),
  };
  return {
    path,
    found,
    meta,
    journal: createJournal(db),
    runs: createMendingRows(db, createStoredRows(db, places), parts),
    places,
    segments,
    snapshots,
    replays: createReplays(db, path),
    commands: createCommands(db, path),
    states: createStates(db, path),
    tenants: createTenants(db, path),
  };
}
