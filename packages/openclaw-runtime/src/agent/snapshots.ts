import type { Payloads, RunRequest } from '@openclaw-runtime/protocol';
import type { Server } from '../house/server.ts';

/** What an operation had saved, and where in its log: it can go on from there. */
export interface AgentSnapshot {
  readonly run: string;
  /** Of the record that saved it. */
  readonly seq: number;
  readonly operation: string;
  /** Of the agent that saved it. */
  readonly version: number;
  readonly state: unknown;
  /** Milliseconds since 1970: when its run began. */
  readonly at: number;
}

/** The last run of an operation. */
export interface LastRun {
  readonly run: string;
  readonly status: Summary['status'];
  /** The record that saved its state last. */
  readonly savedAt?: number;
}

type Summary = Awaited<ReturnType<Server['api']['list']>>['runs'][number];

interface Saved {
  readonly seq: number;
  readonly data: Payloads['state.saved'];
}

type Asked = Pick<RunRequest, 'operation' | 'args' | 'parent'>;

interface Log {
  readonly asked: Asked;
  readonly saved?: Saved;
}

const PAGE = 200;
/** Runs of the house that are looked through, and runs of the agent that are read. */
const MAX_LISTED = 5_000;
const MAX_READ = 100;

/** What the newest of the agent's runs that saved anything saved last. */
export async function latestSnapshot(server: Server, agent: string): Promise<AgentSnapshot | undefined> {
  for await (const summary of runsOf(server, agent)) {
    const log = await readLog(server, summary, () => true);
    if (!log?.saved) continue;
    const { seq, data } = log.saved;
    const { operation = '' } = log.asked;
    return { run: summary.run, seq, operation, version: data.version, state: server.ports.decode(data.state), at: summary.createdMs };
  }
  return undefined;
}

/** The newest run of this operation with these arguments, however it ended; those that other runs started do not count. */
export async function lastRun(
  server: Server,
  agent: string,
  { operation, args }: { readonly operation: string; readonly args?: unknown },
): Promise<LastRun | undefined> {
  const wanted = JSON.stringify(args);
  const isIt = (asked: Asked): boolean =>
    asked.operation === operation && asked.parent === undefined && JSON.stringify(asked.args) === wanted;
  for await (const summary of runsOf(server, agent)) {
    const log = await readLog(server, summary, isIt);
    if (!log) continue;
    return { run: summary.run, status: summary.status, ...(log.saved && { savedAt: log.saved.seq }) };
  }
  return undefined;
}

/** Newest first. */
async function* runsOf({ api }: Server, agent: string): AsyncGenerator<Summary, void, undefined> {
  let listed = 0;
  let found = 0;
  for (let before: number | undefined; listed < MAX_LISTED; ) {
    const { runs, next } = await api.list({ limit: PAGE, before });
    for (const summary of runs) {
      if (summary.agent !== agent) continue;
      if (++found > MAX_READ) return;
      yield summary;
    }
    listed += runs.length;
    if (next === undefined) return;
    before = next;
  }
}

/**
 * What stands in a run's log by now; `undefined` for one that is not wanted. Of a run that has ended the whole log is read, however long it is; one that goes on
 * may be told from a snapshot on.
 */
async function readLog(server: Server, { run: id, head, status }: Summary, isWanted: (asked: Asked) => boolean): Promise<Log | undefined> {
  const client = await server.client(status === 'running');
  const run = client.attach(id);
  run.result().catch(() => undefined);
  try {
    let log: Log | undefined;
    for await (const item of run) {
      if (!log) {
        const asked = item.kind === 'run.created' ? item.data : await server.api.request(id);
        if (!isWanted(asked)) return undefined;
        log = { asked };
      }
      if (item.kind === 'state.saved') log = { ...log, saved: { seq: item.seq, data: item.data } };
      if (item.seq >= head) break;
    }
    return log;
  } finally {
    run.detach();
  }
}
