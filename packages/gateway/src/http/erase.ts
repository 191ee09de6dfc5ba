import type { IncomingMessage, ServerResponse } from 'node:http';
import { isId, newId, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type EraseReport, type Erasure, type RunKey, runKey } from '@openclaw-runtime/store';
import { type Admitted, fromOf } from '../admission/gate.ts';
import type { GatewayContext } from '../admission/options.ts';
import { unended } from '../admission/unended.ts';
import { HOUSE, parseTenant } from '../identity/identity.ts';
import type { Principal } from '../identity/principal.ts';
import { readJson } from './body.ts';
import { inLines } from './lines.ts';
import { respondJson } from './respond.ts';
import { takeTime } from './take-time.ts';

/** Milliseconds that runs have to end in good order: then they are ended all the same. */
const PATIENCE_MS = 3_000;
const LOOK_MS = 20;

/**
 * `POST /v1/erase` `{run}`, `{tenant}` or both: the report of an erasure, when it is true. With `Accept: application/x-ndjson` lines `{share}` come first, and the report as `{report}`. It goes on when
 * the peer goes.
 */
export async function eraseData(
  context: GatewayContext,
  { principal }: Admitted,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { audit, store } = context;
  const what = parseErasure(principal, await readJson(request));
  const { tenant, run } = what;
  if (run !== undefined) await store.runs.read(runKey(tenant, run), Number.MAX_SAFE_INTEGER, 1);
  const { address } = fromOf(request, context);
  const noted = { principal, address, decision: 'allowed' } as const;
  const target = run === undefined ? tenant : `${tenant}/${run}`;
  await audit.ensure({ ...noted, action: 'data.erase', target });
  takeTime(response, context.limits.stalledMs);
  const erase = async (onProgress: (share: number) => void): Promise<EraseReport> => {
    await cancelFirst(context, what);
    const report = await store.upkeep.erase(what, { onProgress });
    audit.note({ ...noted, action: 'data.erased', target: `${target}: ${report.runs} runs, ${report.states} states` });
    return report;
  };
  if (request.headers.accept?.includes('application/x-ndjson')) return inLines(context, response, erase);
  respondJson(response, 200, await erase(() => undefined));
}

/** Of another tenant's nobody is told whether there is something. Throws `BAD_REQUEST`, `NOT_FOUND`. */
function parseErasure(by: Principal, body: unknown): Erasure {
  const { tenant, run, ...rest } = (body ?? {}) as Partial<Record<keyof Erasure, unknown>>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new OpenClawError('BAD_REQUEST', `${JSON.stringify(unknown.slice(0, 40))}: is none of tenant, run.`);
  if (run !== undefined && !(typeof run === 'string' && isId(run))) throw new OpenClawError('BAD_REQUEST', 'run: the whole id of a run.');
  if (run === undefined && tenant === undefined)
    throw new OpenClawError(
      'BAD_REQUEST',
      'Say what is to be erased: run, one with those that it started, or tenant, all that there is of one.',
    );
  const whose = tenant === undefined ? by.tenant : parseTenant(tenant);
  if (whose !== by.tenant && by.tenant !== HOUSE) throw new OpenClawError('NOT_FOUND', `There is no tenant ${whose}.`);
  return run === undefined ? { tenant: whose } : { tenant: whose, run };
}

/** So that providers, tools and budgets hear of it. What does not end in time is ended by the erasure. */
async function cancelFirst(context: GatewayContext, { tenant, run }: Erasure): Promise<void> {
  const { store, clock, random } = context;
  const keys: RunKey[] = run === undefined ? [] : [runKey(tenant, run)];
  if (run === undefined) for await (const key of unended(context, tenant)) keys.push(key);
  const cancel = (key: RunKey): Promise<unknown> => store.inbox.put(key, { id: newId(random), kind: 'cancel' }).catch(() => undefined);
  await Promise.all(keys.map(cancel));
  const until = clock.now() + PATIENCE_MS;
  for (const key of keys) while (clock.now() < until && (await isAlive(context, key))) await sleep(clock, LOOK_MS);
}

async function isAlive({ store }: GatewayContext, key: RunKey): Promise<boolean> {
  try {
    return !(await store.runs.read(key, Number.MAX_SAFE_INTEGER, 1)).head.done;
  } catch {
    return false;
  }
}
