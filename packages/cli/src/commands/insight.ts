/** What a server answers about one run. */
export interface Why {
  readonly run: string;
  readonly agent: string;
  readonly status: string;
  readonly seq: number;
  readonly forMs: number;
  /** The most telling first. */
  readonly waits: readonly WaitsFor[];
  readonly readers: readonly Reader[];
}

export interface WaitsFor {
  readonly for: string;
  readonly name?: string;
  readonly forMs?: number;
  readonly leftMs?: number;
  readonly detail?: string;
}

export interface Reader {
  readonly behind: number;
  readonly unsentBytes: number;
  readonly forMs: number;
  readonly stalledMs?: number;
}

/** How one model, agent or host fares, as a server says it. */
export interface FaresNow {
  readonly of: 'model' | 'agent' | 'host';
  readonly name: string;
  readonly tier: 0 | 1 | 2 | 3;
  readonly why: string;
  readonly forMs: number;
  readonly byHand: boolean;
  readonly reading: { readonly calls: number; readonly failures: number; readonly timeouts: number; readonly meanMs: number };
}
