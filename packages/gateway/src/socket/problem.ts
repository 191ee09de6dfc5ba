import { LIMITS, OpenClawError, PROTOCOL_VERSION } from '@openclaw-runtime/protocol';

interface Problems {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}

/** What of a frame is not of the protocol. */
export function problemOf({ issues: [issue] }: Problems): string {
  return `${issue?.path.join('.') || 'frame'}: ${issue?.message}`;
}

/** Whom a frame with a mistake concerns, where its envelope says so: that one run or command then bears the error, and the connection stays. */
export function addresseeOf(frame: unknown): { readonly ch: number } | { readonly id: string } | undefined {
  const { t, ch, id } = (frame ?? {}) as { readonly t?: unknown; readonly ch?: unknown; readonly id?: unknown };
  if ((t === 'start' || t === 'attach') && Number.isSafeInteger(ch)) return { ch: ch as number };
  return t === 'command' && typeof id === 'string' ? { id } : undefined;
}

/** Looked at before anything else of a hello, since what another version says in it cannot be known. */
export function versionProblem(frame: unknown): OpenClawError | undefined {
  const { t, v } = (frame ?? {}) as { readonly t?: unknown; readonly v?: unknown };
  if (t !== 'hello' || typeof v !== 'number' || v === PROTOCOL_VERSION) return undefined;
  return new OpenClawError('UNSUPPORTED_VERSION', `This server speaks version ${PROTOCOL_VERSION}, the client ${v}. Update the older one.`);
}

export function longHello(): OpenClawError {
  return new OpenClawError('UNAUTHENTICATED', `hello has at most ${LIMITS.maxHelloBytes} bytes.`);
}

/** The channel of a frame that starts a run, as clients of ours write it, without parsing the rest. */
export function startedBy(text: string): number | undefined {
  const ch = /^\{"t":"start","ch":(\d{1,9}),/.exec(text)?.[1];
  return ch === undefined ? undefined : Number(ch);
}
