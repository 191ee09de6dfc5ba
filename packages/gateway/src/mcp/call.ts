import type { IncomingHttpHeaders } from 'node:http';
import {
  applyRecord,
  emptyFold,
  type Finish,
  foldText,
  LIMITS,
  OpenClawError,
  type RunRecord,
  type Usage,
} from '@openclaw-runtime/protocol';
import { type CreateDeps, createRun } from '../admission/create-run.ts';
import type { GatewayContext } from '../admission/options.ts';
import { submitCommand } from '../admission/submit.ts';
import { inTrace } from '../http/trace-header.ts';
import { failureOf, leaseOf } from '../openai/house/house.ts';
import type { Leases } from '../openai/house/leases.ts';
import { checkedRun } from '../openai/input/asked.ts';
import { Fields } from '../openai/input/fields.ts';
import { followRun } from '../openai/reading/follow.ts';

export interface CallHouse {
  readonly context: GatewayContext;
  readonly create: CreateDeps;
  readonly leases: Leases;
  readonly tenant: string;
  /** Of the request, which may name a trace, as the call itself may. */
  readonly headers: IncomingHttpHeaders;
  /** Throws where no run may begin now. */
  begin(): void;
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** The client said so: nobody comes back for it. */
  readonly takenBack: AbortSignal;
}

/** What a call comes to. */
export interface Told {
  readonly run: string;
  readonly text: string;
  readonly finish: Finish;
  readonly usage: Usage;
}

/** `done` only grows: it is the number of the last record. */
export type Progress = (done: number, message: string) => Promise<void>;

const KEY = 'openclaw-runtime/idempotency-key';
/** Milliseconds between two words of progress. */
const PACE_MS = 250;
const MOST_CHARS = 200;

/** Asks an agent and waits for its answer. When nobody waits any more the run is cancelled. Rejects with why there is no answer. */
export async function callAgent(
  { context, create, leases, tenant, headers, signal, takenBack, begin }: CallHouse,
  agent: string,
  args: Readonly<Record<string, unknown>>,
  meta: Readonly<Record<string, unknown>>,
  progress: Progress,
): Promise<Told> {
  const given = new Fields(args);
  const message = given.text('message', LIMITS.maxBodyBytes, 1);
  const session = given.text('session', LIMITS.maxNameLength, 1);
  if (message === undefined) throw given.bad('message', 'say what is asked');
  given.end();
  const idempotencyKey = new Fields(meta).text(KEY, LIMITS.maxNameLength, 1);
  const lease = leaseOf(idempotencyKey);
  const door = { api: 'mcp', model: `agent:${agent}`, leaseMs: lease.afterDeathMs } as const;
  const asked = checkedRun({ agent, input: message, ...(session === undefined ? {} : { session }) }, door);
  begin();
  const { run, key } = await createRun(
    create,
    tenant,
    inTrace(asked, { headers: { ...headers, ...meta } as IncomingHttpHeaders }),
    idempotencyKey,
  );
  const release = leases.hold(key, lease.graceMs);
  let isOver = false;
  try {
    let fold = emptyFold();
    let toldMs = Number.NEGATIVE_INFINITY;
    for await (const piece of followRun(context, key, signal)) {
      if (piece.kind === 'silence') continue;
      let news: string | undefined;
      if (piece.kind === 'fold') ({ fold } = piece);
      else {
        for (const record of piece.records) {
          applyRecord(fold, record);
          news = newsOf(record) ?? news;
        }
      }
      if (fold.paused && !fold.outcome) failureOf(fold.paused);
      if (news === undefined || fold.outcome || context.clock.now() - toldMs < PACE_MS) continue;
      toldMs = context.clock.now();
      await progress(fold.seq, news);
    }
    if (takenBack.aborted && !fold.outcome) await submitCommand(context.store, key, { id: 'taken-back', kind: 'cancel' });
    if (signal.aborted) throw new OpenClawError('CANCELLED', 'The call was cancelled.');
    isOver = true;
    const { outcome } = fold;
    failureOf(outcome);
    if (outcome?.status !== 'completed') throw new OpenClawError('DATA_DAMAGED', 'The run’s log has no end.');
    return { run, text: foldText(fold), finish: outcome.reason, usage: outcome.usage };
  } finally {
    release(isOver);
  }
}

/** What a person who waits would like to know. */
function newsOf(record: RunRecord): string | undefined {
  switch (record.kind) {
    case 'text':
      return record.data.slice(0, MOST_CHARS);
    case 'thinking':
      return 'It thinks.';
    case 'step.queued':
      return `It waits for its model; ${record.data.ahead} are before it.`;
    case 'tool.started':
      return `It calls ${record.data.name}.`;
    case 'child.started':
      return `It asks ${record.data.agent}.`;
    case 'approval.asked':
      return `It waits for a person (${record.data.name}).`;
    default:
      return undefined;
  }
}
