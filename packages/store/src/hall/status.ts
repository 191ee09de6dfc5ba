/** The status in the record that ends a run; '' for any other record. Its outcome begins with it. */
export function statusOf(record: string): string {
  return /^\["run\.finished",0,0,\{"status":"([a-z_]+)"/.exec(record)?.[1] ?? '';
}
