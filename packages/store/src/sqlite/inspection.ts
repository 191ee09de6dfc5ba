import type { DatabaseSync } from 'node:sqlite';
import type { Damage, VerifyReport } from '../contract/store.ts';

/** What a part of a verification looks into, and what it tells. */
export interface Inspection {
  readonly db: DatabaseSync;
  readonly path: string;
  readonly counts: Record<keyof VerifyReport['counts'], number>;
  /** Where the log of each run ends that is not done. */
  readonly ends: Map<string, { seq: number; h: number }>;
  /** Whether a run is known that is done. */
  isDone(key: string): boolean;
  found(damage: Damage): void;
}
