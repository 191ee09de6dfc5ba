import type { VerifyReport } from '../contract/store.ts';

export interface VerifyData {
  readonly path: string;
  readonly isFrozen: boolean;
}

export type VerifyMessage =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'report'; readonly report: VerifyReport }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };
