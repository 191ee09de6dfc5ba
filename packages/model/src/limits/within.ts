import type { ModelEnd, ModelRequest, ModelSink } from '../contract/broker.ts';
import { estimateTokens } from './estimate.ts';
import type { Admission, Gate } from './gate.ts';

/** What a call that was let through says of itself. */
export interface Admitted {
  /** Before each retry: defined when it has to wait. */
  again(signal: AbortSignal): Promise<void> | undefined;
  /** Something went to the provider. */
  asked(): void;
}

/** Makes the call when the gate lets it, and gives its place back however it ends. A call that broke off is counted with what was reserved for it. */
export async function withinLimits(
  gate: Gate,
  request: ModelRequest,
  sink: ModelSink,
  signal: AbortSignal,
  call: (admitted: Admitted) => Promise<ModelEnd>,
): Promise<ModelEnd> {
  const caller = { tenant: request.tenant ?? '', tokens: estimateTokens(request) };
  const admission: Admission = await gate.admit(caller, signal, (ahead) => sink.queued(ahead));
  let asked = false;
  let tokens: number | undefined;
  try {
    const end = await call({
      again: (until) => admission.again(until),
      asked() {
        asked = true;
      },
    });
    tokens = end.usage.inputTokens + end.usage.outputTokens;
    return end;
  } finally {
    admission.leave(asked, tokens || undefined);
  }
}
