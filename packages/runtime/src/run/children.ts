import { hash } from 'node:crypto';
import { type ChildAnswer, type ChildCall, decodeState } from '@openclaw-runtime/agent';
import {
  applyRecord,
  decodeRecords,
  emptyFold,
  encodeRecord,
  foldText,
  foldToolCalls,
  LIMITS,
  OpenClawError,
  type RunFold,
  type RunRequest,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import { type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import { untilAborted } from '../abort/until-aborted.ts';
import type { Agent } from './agents.ts';
import type { ChildrenPast } from './past.ts';
import { scrubbedJson } from './scrubbed.ts';
import { whenNotFull } from './when-not-full.ts';
import type { Work } from './work.ts';

const MAX_DEPTH = 5;
const MAX_OPEN = 16;
const MAX_COUNT = 256;
const PAGE_BYTES = 256 * 1024;
/** Timers take no more. */
const LONGEST_MS = 2 ** 31 - 1;
/** The command of a parent whose patience with a child is over. */
const LATE = 'parent late';

/** What names a child within its parent. */
export interface ChildPlace {
  readonly name: string;
  /** How many of this name there were before, since the state was saved last; and how often that was. */
  readonly n: number;
  readonly saves: number;
}

/** Runs that a run starts. Each has an id that follows from its parent and its place there, so that it is found again, not started again, after a crash. */
export class Children {
  readonly #work: Work;
  #openRuns: Set<string> | undefined;
  #count = 0;

  constructor(work: Work) {
    this.#work = work;
  }

  /** Whether some have not ended. */
  get isOpen(): boolean {
    return this.#openRuns !== undefined && this.#openRuns.size > 0;
  }

  /** Made when it is needed: most operations start no runs. */
  get #open(): Set<string> {
    return (this.#openRuns ??= new Set());
  }

  /** What an earlier owner left. Children in a past that is shared with another run are that one's. */
  restore({ count, open }: ChildrenPast): void {
    const { fork } = this.#work.asked;
    this.#count = count;
    for (const { child, seq } of open) if (!fork || seq > fork.seq) this.#open.add(child);
  }

  /**
   * Starts the child, or finds it, and waits for its end, however it ends. Rejects with `TOO_DEEP`, `NOT_FOUND` for an agent that is none, `TOO_LARGE`, `AGENT_FAILED`
   * for arguments that are no JSON, or the signal's reason.
   */
  async run(place: ChildPlace, call: ChildCall, signal: AbortSignal): Promise<ChildAnswer> {
    const { deps, tenant, run, writer, lease } = this.#work;
    const { name, n, saves } = place;
    const child = deps.store.runId(tenant, `child\n${run}\n${saves}\n${name}\n${n}`);
    const asked = scrubbedJson(jsonOf(this.#request(place, call)), deps.scrub);
    const request = JSON.parse(asked) as RunRequest;
    const fingerprint = hash('sha256', asked, 'base64url').slice(0, 22);
    const record = this.#record(request, fingerprint);
    if (!this.#open.has(child)) {
      this.#check(call);
      this.#open.add(child);
      this.#count++;
      // Before it is there: whoever cancels this run knows of it.
      writer.record('child.started', 0, 0, { child, agent: call.agent, name }, 'disk');
      await lease.settled();
    }
    const key = runKey(tenant, child);
    const created = await whenNotFull(deps.clock, signal, () => deps.store.runs.create(key, record, fingerprint));
    if (created.fingerprint !== fingerprint)
      throw new OpenClawError(
        'NONDETERMINISTIC',
        'The run that has this place was asked for something else. Ask for the same after a restart.',
      );
    const stopWaiting = call.timeoutMs === undefined ? undefined : await this.#limit(key, call.timeoutMs);
    const unfollow = deps.budgets?.pauses.follow(key, (pause) => this.#work.childPaused(child, pause));
    const { waits } = this.#work;
    const wait = waits.begin('child', name, child, call.timeoutMs === undefined ? undefined : deps.clock.now() + call.timeoutMs);
    try {
      await untilDone(deps.store, key, signal);
    } finally {
      waits.end(wait);
      unfollow?.();
      this.#work.childPaused(child, undefined);
      stopWaiting?.();
    }
    const fold = await foldOf(deps.store, key);
    this.#work.spentBelow(fold.usage);
    return answerOf(child, fold, call, deps.agents.get(call.agent));
  }

  /** The child's end is known; the record that says so. */
  finished({ run: child, status }: ChildAnswer, name: string): string {
    this.#open.delete(child);
    return encodeRecord('child.finished', 0, 0, { child, name, status });
  }

  /** Cancels those that have not ended. */
  async cancel(): Promise<void> {
    const { deps, tenant, run } = this.#work;
    const command = { id: `parent ${run}`, kind: 'cancel' };
    await Promise.allSettled([...this.#open].map((child) => deps.store.inbox.put(runKey(tenant, child), command)));
  }

  #request({ name }: ChildPlace, { agent, input, operation, args, model }: ChildCall): RunRequest {
    const { run, asked } = this.#work;
    const parent = { run, name, depth: (asked.parent?.depth ?? 0) + 1, root: asked.parent?.root ?? run };
    return {
      agent,
      input,
      ...(model !== undefined && { model }),
      ...(operation !== undefined && { operation }),
      ...(args !== undefined && { args }),
      // Of the task: it is shared.
      ...(asked.budget && { budget: asked.budget }),
      ...(asked.trace && { trace: asked.trace }),
      parent,
    };
  }

  /** Cancels the child when its time is over; counted from its creation, whoever waits for it since then. */
  async #limit(key: RunKey, timeoutMs: number): Promise<() => void> {
    const { store, clock } = this.#work.deps;
    const leftMs = (await createdAt(store, key)) + timeoutMs - clock.wall();
    return clock.after(Math.min(Math.max(leftMs, 0), LONGEST_MS), () => {
      store.inbox.put(key, { id: LATE, kind: 'cancel' }).catch(() => undefined);
    });
  }

  #check({ agent }: ChildCall): void {
    const { asked, deps } = this.#work;
    if (!deps.agents.has(agent))
      throw new OpenClawError('NOT_FOUND', `There is no agent ${agent}. Known: ${[...deps.agents.keys()].join(', ')}.`);
    if ((asked.parent?.depth ?? 0) >= MAX_DEPTH) throw tooDeep(`This run is ${MAX_DEPTH} runs deep already. Do the work here.`);
    if (this.#open.size >= MAX_OPEN) throw tooDeep(`${MAX_OPEN} runs of this one are at work at once. Wait for some of them.`);
    if (this.#count >= MAX_COUNT) throw tooDeep(`This run has started ${MAX_COUNT} runs. Give each of them more to do.`);
  }

  #record(request: RunRequest, fingerprint: string): string {
    const record = encodeRecord('run.created', 0, 0, { ...request, at: this.#work.deps.clock.wall(), fingerprint });
    if (record.length <= LIMITS.maxBodyBytes) return record;
    throw new OpenClawError('TOO_LARGE', `What the run is given has more than ${LIMITS.maxBodyBytes} characters. Give it less.`);
  }
}

async function untilDone(store: Store, key: RunKey, signal: AbortSignal): Promise<void> {
  for (let after = 0; ; ) {
    const advance = Promise.withResolvers<void>();
    const unfollow = store.runs.follow(key, () => advance.resolve());
    try {
      const { head } = await store.runs.read(key, after, 1);
      if (head.done) return;
      after = head.seq;
      await untilAborted(advance.promise, signal);
    } finally {
      unfollow();
    }
  }
}

async function foldOf(store: Store, key: RunKey): Promise<RunFold> {
  let fold = emptyFold();
  for (;;) {
    const { head, chunk, snapshot } = await store.runs.read(key, fold.seq, PAGE_BYTES);
    if (snapshot) fold = JSON.parse(snapshot.fold) as RunFold;
    else if (!chunk) return fold;
    else for (const record of decodeRecords(chunk.body, chunk.first)) applyRecord(fold, record);
    if (fold.seq >= head.seq) return fold;
  }
}

async function createdAt(store: Store, key: RunKey): Promise<number> {
  const { chunk, snapshot } = await store.runs.read(key, 0, 1);
  const [first] = JSON.parse(`[${chunk?.body ?? snapshot?.creation}]`) as [WireRecord];
  return (first[3] as { readonly at: number }).at;
}

function answerOf(run: string, fold: RunFold, { timeoutMs }: ChildCall, agent: Agent | undefined): ChildAnswer {
  const { outcome } = fold;
  if (!outcome) throw new OpenClawError('DATA_DAMAGED', `The end of run ${run} is gone.`);
  const own = agent?.code?.card.tools.map(({ name }) => name) ?? [];
  const calls = foldToolCalls(fold).filter(({ name }) => own.includes(name));
  const answer = { run, status: outcome.status, text: foldText(fold), ...(calls.length > 0 && { calls }) };
  if (outcome.status === 'cancelled' && outcome.by === LATE) {
    const message = `The run was still at work after ${timeoutMs} ms and was cancelled. Give it more time.`;
    return { ...answer, status: 'timed_out', error: { code: 'AGENT_HUNG', message } };
  }
  if ('error' in outcome) return { ...answer, error: outcome.error };
  return outcome.status === 'completed' && outcome.value !== undefined ? { ...answer, value: decodeState(outcome.value) } : answer;
}

function jsonOf(request: RunRequest): string {
  try {
    return JSON.stringify(request);
  } catch (error) {
    throw new OpenClawError('AGENT_FAILED', `What the run is given is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function tooDeep(message: string): OpenClawError {
  return new OpenClawError('TOO_DEEP', message);
}
