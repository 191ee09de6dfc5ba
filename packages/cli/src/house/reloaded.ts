import type { Changes } from '../config/changes.ts';

/** What became of reading the configuration again. */
export interface Reloaded extends Changes {
  readonly outcome: 'applied' | 'refused';
  /** In ISO 8601. */
  readonly at: string;
  /** Why it was refused: then the one before stays, as a whole. */
  readonly problem?: string;
}
