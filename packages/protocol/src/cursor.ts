/** A place in a run's log: everything up to and including `seq` has been seen. */
export interface Cursor {
  readonly run: string;
  readonly epoch: number;
  readonly seq: number;
}

/** The HTTP form: opaque to clients, sorts as text in log order: `e<epoch, base 36>_<seq, 16 digits>`. */
export function encodeCursor(epoch: number, seq: number): string {
  return `e${epoch.toString(36)}_${String(seq).padStart(16, '0')}`;
}

/** `undefined` when the text is no cursor of ours. */
export function parseCursor(text: string): { readonly epoch: number; readonly seq: number } | undefined {
  const hit = /^e([0-9a-z]{1,6})_(\d{16})$/.exec(text);
  if (!hit) return undefined;
  const epoch = Number.parseInt(hit[1] as string, 36);
  const seq = Number(hit[2]);
  return Number.isSafeInteger(seq) ? { epoch, seq } : undefined;
}
