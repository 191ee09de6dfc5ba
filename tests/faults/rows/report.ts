/** What a row of faults came to. */
export interface RowReport {
  readonly cases: number;
  /** Each names its case. */
  readonly violations: readonly string[];
  /** What was measured, for whoever reads the output. */
  readonly figures: Readonly<Record<string, number | string>>;
}

export interface RowOptions {
  readonly seed: number;
  readonly count: number;
  say(line: string): void;
}

export type Row = (options: RowOptions) => Promise<RowReport>;
