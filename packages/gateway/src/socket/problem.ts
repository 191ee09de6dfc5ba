import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';

interface Problems {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

/** What of a frame is not of the protocol, and where. */
export function problemOf({ issues: [issue] }: Problems): { readonly place: string; readonly says: string } {
  const place = issue?.path.join('.') || 'frame';
  return { place, says: `${place}: ${issue?.message}` };
}

/** The channel of a `start` that is well formed but for its request: the caller's mistake, which costs that one run only. */
export function badStart(frame: unknown, place: string): number | undefined {
  const { t, ch, idem } = (frame ?? {}) as { readonly t?: unknown; readonly ch?: unknown; readonly idem?: unknown };
  const wellFormed = t === 'start' && Number.isSafeInteger(ch) && typeof idem === 'string' && /^run(\.|$)/.test(place);
  return wellFormed ? (ch as number) : undefined;
}

export function longHello(): OpenClawError {
  return new OpenClawError('UNAUTHENTICATED', `hello has at most ${LIMITS.maxHelloBytes} bytes.`);
}
