import type { UpFrame } from '@openclaw-runtime/protocol';

/** A frame on its way out: optional fields that are undefined do not travel, as JSON leaves them out. */
export type Outgoing = Loose<UpFrame>;

type Loose<F> = F extends unknown ? { readonly [K in keyof F]: Record<never, never> extends Pick<F, K> ? F[K] | undefined : F[K] } : never;
