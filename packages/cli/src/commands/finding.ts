/** One thing that was looked at. */
export interface Finding {
  readonly level: 'ok' | 'warn' | 'fail';
  readonly name: string;
  readonly says: string;
  readonly todo?: string;
}
