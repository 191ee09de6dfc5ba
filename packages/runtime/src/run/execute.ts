import { newId } from '@openclaw-runtime/kit';
import {
  type ApproveData,
  type ErrorBody,
  type ErrorCode,
  encodeRecord,
  type LevelData,
  OpenClawError,
  type Outcome,
  type Payloads,
  type SendData,
  type TopUpData,
  type Usage,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Command, Lease } from '@openclaw-runtime/store';
import { type BudgetPast, beginBudgetPast } from '../budget/past.ts';
import type { Answer } from './answer.ts';
import { executeDamaged } from './damaged.ts';
import { copyPast } from './fork.ts';
import { type RunLimits, runDeadlineMs } from './limits.ts';
import { Operation } from './operation.ts';
import type { Parked } from './parked.ts';
import { type Replay, type ReplayState, replayRun } from './replay.ts';
import { scrubbed, scrubbedJson } from './scrubbed.ts';
import type { Seat, Turn } from './sessions.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { Stop } from './stop.ts';
import { Talk } from './talk.ts';
import { byTelling, type WaitNow, waitForBudget } from './waits.ts';
import { type RunDeps, Work } from './work.ts';
import { RunWriter } from './writer.ts';

/** A run that this process works on. */
export interface RunningRun {
  command(command: Command): void;
  /** Ends the run when its time is up; parks it when it did nothing but wait for people for so long. */
  look(now: number, parkAfterMs: number): void;
  /** What it waits for now, the most telling first. */
  waits(): readonly WaitNow[];
  /** Lets go without an end in the log: the lease is lost, or the process drains. Another owner goes on. */
  release(): void;
  /** Resolves when the run is over for this process: when it is parked, to how. Never rejects, save for a defect. */
  readonly over: Promise<Parked | undefined>;
}

/** Carries one run from its lease to its end: what it was asked → its steps → what happened. `isLeft`: it was there before this process. `parked`: this process parked it. */
export function executeRun(lease: Lease, deps: RunDeps, isLeft: boolean, parked?: Parked): RunningRun {
  if (lease.damage === undefined) return new Execution(lease, deps, isLeft, parked);
  deps.sessions.leave(lease.key);
  return executeDamaged(lease, lease.damage, deps.store);
}

class Execution implements RunningRun {
  readonly over: Promise<Parked | undefined>;
  readonly #work: Work;
  /** But for what it waits for budgets. */
  #deadlineMs: number;
  /** What the run does: it talks with a model, or carries out an operation of its agent's. */
  readonly #doing: Talk | Operation;
  /** Ids of commands that the log knows or is about to. */
  #accepted: Set<string> | undefined;
  /** Commands that came while an earlier owner's log was read: they wait for the ones before them. */
  #early: Command[] | undefined;
  #snapshots: Snapshots | undefined;
  /** What replaying an earlier owner's log gave. */
  #past: ReplayState | undefined;
  #seat: Seat | undefined;
  /** When the first of its questions expires, as far as that is known from before it was parked. */
  readonly #questionsUntilMs: number | undefined;
  readonly #wasParked: boolean;
  /** Records of text at the last look, and when there were more of them last. */
  #records = 0;
  #saidMs = 0;
  /** Set while the run is being parked. */
  #parked: Parked | undefined;

  constructor(lease: Lease, deps: RunDeps, isLeft: boolean, parked: Parked | undefined) {
    const asked = (JSON.parse(lease.creation) as WireRecord)[3] as Payloads['run.created'];
    const { clock, wheel, textDurability } = deps;
    const writer = new RunWriter(lease, { clock, wheel, textDurability, intervalMs: asked.tokenInterval ?? deps.tokenIntervalMs }, () => {
      this.#snapshots = createSnapshots(deps.store, lease, this.#past);
    });
    this.#work = new Work(lease, deps, asked, writer);
    this.#wasParked = parked !== undefined;
    const wasLeft = isLeft || (lease.head.seq > 1 && !parked);
    this.#doing =
      asked.operation === undefined
        ? new Talk(this.#work)
        : new Operation(this.#work, asked.operation, wasLeft, parked?.operationDeadlineMs);
    this.#questionsUntilMs = parked && questionsUntilMs(parked);
    this.#deadlineMs = parked?.deadlineMs ?? runDeadlineMs(asked.at, deps.limits, deps.clock);
    this.over = this.#live();
  }

  command(command: Command): void {
    // It is for the run's next owner, at once.
    if (this.#parked) this.#parked.isCalled = true;
    if (this.#early) return void this.#early.push(command);
    try {
      this.#accept(command);
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  }

  look(now: number, parkAfterMs: number): void {
    const { brake, deps, lease } = this.#work;
    this.#work.look(now);
    const { records } = this.#work.writer;
    if (records !== this.#records) {
      this.#records = records;
      this.#saidMs = now;
    }
    if (now >= this.#deadlineMs + this.#work.heldMs(now)) brake.halt(new Stop((used) => failure(tooLong(deps.limits), used)));
    else if (this.#hasWaited) brake.halt(new Stop((usage) => ({ status: 'budget_exhausted', error: this.#exhausted(), usage })));
    else if (this.#work.hasRested(parkAfterMs, now) && !brake.stop && !lease.incoming()) this.#park();
  }

  waits(): readonly WaitNow[] {
    const { waits, paused, lease, deps } = this.#work;
    const own = [...waits.list(this.#saidMs), ...(paused ? [waitForBudget(paused, deps.clock.wall())] : [])];
    if (lease.full()) own.push({ for: 'disk', forMs: 0 });
    if (own.length > 0) return own.toSorted(byTelling);
    return this.#doing instanceof Operation ? this.#doing.waits : [];
  }

  release(): void {
    const { brake, writer, budget } = this.#work;
    budget?.release();
    try {
      writer.flush();
    } catch {
      writer.drop();
    }
    brake.halt(new Stop());
  }

  #park(): void {
    const { approvals, deps } = this.#work;
    const { clock } = deps;
    const { paused, budget } = this.#work;
    const deadlineMs = paused ? undefined : this.#deadlineMs;
    const operationDeadlineMs = this.#doing instanceof Operation && !paused ? this.#doing.deadlineMs : undefined;
    const waitMs = paused ? paused.at + deps.limits.budgetWaitMs - clock.wall() : Number.POSITIVE_INFINITY;
    const lastMs = deadlineMs ?? Number.POSITIVE_INFINITY;
    const untilMs = Math.min(clock.now() + Math.min(approvals.leftMs, waitMs), lastMs, operationDeadlineMs ?? lastMs);
    this.#parked = {
      untilMs,
      deadlineMs,
      operationDeadlineMs,
      budget: budget?.waiting,
      waits: this.waits(),
      atMs: clock.now(),
      isCalled: false,
    };
    this.#seat?.keep();
    this.release();
  }

  async #live(): Promise<Parked | undefined> {
    const { asked, deps, lease, brake } = this.#work;
    const { session } = asked;
    // Not in a function of its own: what waits for a model waits in each of them.
    try {
      using seat = session === undefined ? undefined : deps.sessions.seat(lease.key, session);
      this.#seat = seat;
      const replay = lease.head.seq > 1 || asked.fork ? await this.#replay() : undefined;
      if (lease.head.seq > 1 && !this.#wasParked) this.#work.tier?.restored(lease.head.seq, this.#past?.tier);
      this.#open();
      const ready = this.#work.budget?.ready();
      if (ready) await ready;
      brake.goOn();
      if (this.#doing instanceof Talk) await this.#talk(this.#doing, seat, replay);
      else {
        // It takes its turn in a session, and says nothing there.
        if (seat) await this.#turn(seat);
        brake.goOn();
        const operation = this.#doing;
        const begun = operation.begin();
        if (begun) await begun;
        let value: string | undefined;
        try {
          for (let isOver = false; !isOver; ) {
            brake.goOn();
            try {
              value = await operation.start();
              isOver = true;
            } catch (thrown) {
              const again = operation.again(thrown);
              if (again) await again;
            }
          }
        } finally {
          const closing = operation.close();
          if (closing) await closing;
        }
        const last = this.#last(operation);
        if (last) await last;
        brake.goOn();
        this.#carriedOut(value);
      }
    } catch (thrown) {
      const reason: unknown = this.#work.brake.stop ?? thrown;
      if (isLeaseGone(thrown)) return undefined;
      const outcome = reason instanceof Stop ? reason.end?.(this.#work.usage) : failure(this.#shown(reason), this.#work.usage);
      if (!outcome) {
        // What is not durable yet, on a full disk, would be unknown to the next owner.
        if (this.#parked) await this.#work.lease.settled();
        return this.#parked;
      }
      if (this.#doing instanceof Operation) await this.#doing.end();
      await this.#endAnyway(outcome);
    } finally {
      this.#snapshots?.stop();
    }
    return undefined;
  }

  /** An error that may be shown: a defect is reported, and its id shown instead. */
  #shown(error: unknown): OpenClawError {
    const { deps, lease } = this.#work;
    if (error instanceof OpenClawError && error.code !== 'INTERNAL') return scrubbed(error, deps.scrub);
    const id = newId(deps.random).slice(0, 8);
    deps.onDefect(lease.key, error, id);
    return new OpenClawError('INTERNAL', `Something went wrong here that should not have. Report it with the id ${id}.`);
  }

  async #talk(talk: Talk, seat: Seat | undefined, replay: Replay | undefined): Promise<void> {
    const { brake, lease } = this.#work;
    if (!seat) {
      let answer = await talk.begin(undefined, replay);
      // Looked at in the turn in which the end is written.
      for (;;) {
        while (!talk.isOver(answer)) answer = await talk.converse(undefined, answer);
        const entering = this.#work.budget?.flush();
        if (!entering) return this.#finish(answer);
        answer = talk.write(answer);
        await entering;
        brake.goOn();
      }
    }

    const turn = await this.#turn(seat);
    brake.goOn();
    this.#work.thoughts.goOnFrom(turn.thought);
    for (let answer = await talk.begin(turn, replay); ; ) {
      answer = talk.write(talk.isOver(answer) ? answer : await talk.converse(turn, answer));
      await lease.settled();
      await turn.save(talk.saidIn(turn, answer), talk.unanswered, this.#work.thoughts.anchor, brake.signal);
      await this.#work.budget?.flush();
      brake.goOn();
      if (talk.isOver(answer)) return this.#finish(answer);
    }
  }

  async #turn(seat: Seat): Promise<Turn> {
    const { waits, brake, asked } = this.#work;
    const wait = waits.begin('turn', asked.session);
    try {
      return await seat.turn(brake.signal);
    } finally {
      waits.end(wait);
    }
  }

  /** What a run whose operation is over still waits for before its end: mostly nothing. */
  #last(operation: Operation): Promise<void> | undefined {
    const { budget, lease } = this.#work;
    const ending = operation.end();
    return ending || budget || lease.incoming() ? this.#lastOf(ending) : undefined;
  }

  async #lastOf(ending: Promise<void> | undefined): Promise<void> {
    const { budget, lease } = this.#work;
    if (ending) await ending;
    const entering = budget?.flush();
    if (entering) await entering;
    while (lease.incoming()) await lease.incoming();
  }

  #carriedOut(value: string | undefined): void {
    const { deps } = this.#work;
    const done = { status: 'completed', reason: 'stop', usage: this.#work.usage } as const;
    this.#end([], value === undefined ? done : { ...done, value: scrubbedJson(value, deps.scrub) });
  }

  /** Finds out what an earlier owner left, or another run. */
  async #replay(): Promise<Replay> {
    const { deps, asked, lease, brake } = this.#work;
    const { store } = deps;
    const { fork } = asked;
    this.#early = [];
    const seq = fork ? await copyPast(store, lease, fork, () => brake.goOn()) : lease.head.seq;
    const replay = await replayRun(store, lease.key, seq);
    this.#work.usage = replay.fold.usage;
    this.#past = replay.state;
    this.#accepted = new Set(replay.accepted);
    this.#work.thoughts.restore(replay.state.thoughts);
    this.#work.spend(this.#work.thoughts.judged);
    this.#restoreBudget(asked.at, replay.state.budget);
    // The run that this one goes on from waits, and this one does not.
    if (replay.fold.paused && fork && !replay.state.budget?.paused)
      this.#work.writer.record('budget.resumed', 0, 0, { at: deps.clock.wall(), pausedMs: 0 }, 'disk');
    if (replay.state.approvals) this.#work.approvals.restore(replay.state.approvals, this.#questionsUntilMs);
    this.#doing.restore(replay);
    if (replay.cancelled !== undefined) this.#cancel(replay.cancelled);
    return replay;
  }

  /** What the run waited for budgets is no time of its own. */
  #restoreBudget(at: number, past: BudgetPast = beginBudgetPast()): void {
    const { deps, budget, pause } = this.#work;
    budget?.restore(past);
    const { paused, pausedMs } = past;
    pause.restore(past);
    const heldMs = pausedMs + (paused ? Math.max(deps.clock.wall() - paused.at, 0) : 0);
    if (heldMs > 0) this.#deadlineMs = runDeadlineMs(at + heldMs, deps.limits, deps.clock);
    this.#work.pastHeldMs = heldMs;
  }

  /** Whether it waited for a budget for as long as it may. */
  get #hasWaited(): boolean {
    const { paused, deps } = this.#work;
    return paused !== undefined && this.#work.pause.isOwn && deps.clock.wall() >= paused.at + deps.limits.budgetWaitMs;
  }

  #exhausted(): ErrorBody {
    const { paused } = this.#work;
    if (paused) return paused.outcome.error;
    return new OpenClawError('BUDGET_EXHAUSTED', 'Its budget had no room for long. Start it again with more.').toBody();
  }

  /** Takes the commands that came before the lease, then those that came since. */
  #open(): void {
    for (const each of this.#work.lease.commands) this.#accept(each);
    this.#openEarly();
  }

  #openEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const each of early) this.#accept(each);
  }

  /** A run that was let go of is not ended here: what it was sent since then is for its next owner. */
  #finish({ finish, records }: Answer): void {
    const { brake, usage } = this.#work;
    if (brake.isReleased) throw brake.stop;
    this.#end(records, { status: 'completed', reason: finish, usage });
  }

  #end(records: readonly string[], outcome: Outcome): void {
    const { writer, lease, budget, deps, paused } = this.#work;
    writer.append([...records, encodeRecord('run.finished', 0, 0, outcome)], true);
    this.#work.account(outcome);
    if (paused) deps.budgets?.pauses.set(lease.key, undefined);
    if (!budget) return;
    lease.settled().then(
      () => budget.close(),
      () => budget.release(),
    );
  }

  /** The end after an error; a lease that is gone by now has another owner, who will write one. */
  async #endAnyway(outcome: Outcome): Promise<void> {
    const { lease, brake } = this.#work;
    try {
      this.#openEarly();
      await this.#work.budget?.flush();
      for (let coming = lease.incoming(); coming; coming = lease.incoming()) await coming;
      if (!brake.isReleased) this.#end([], outcome);
    } catch (error) {
      if (!isLeaseGone(error)) throw error;
    }
  }

  /** What comes when the run is about to end is logged all the same: no command is accepted that the log does not know. */
  #accept(command: Command): void {
    const { lease, writer, brake } = this.#work;
    const { id, kind, data } = command;
    this.#accepted ??= new Set();
    if (brake.isReleased) return;
    if (!this.#accepted.has(id)) {
      this.#accepted.add(id);
      if (kind === 'send') return this.#take(id, data as SendData);
      if (kind === 'cancel') {
        writer.record('cancel.requested', 0, 0, { command: id }, 'disk');
        this.#cancel(id);
      } else if (kind === 'feedback') {
        writer.record('feedback.given', 0, 0, { command: id, feedback: data }, 'disk');
        this.#work.thoughts.learn(data);
      } else if (kind === 'topup') this.#topUp(id, data as TopUpData);
      else if (kind === 'level') this.#setLevel(id, data as LevelData);
      else if (kind === 'approve') this.#work.approvals.take(id, data as ApproveData);
    }
    if (!this.#doing.isWaiting(id)) lease.handled(id);
  }

  #topUp(command: string, data: TopUpData): void {
    const added = { command, ...(typeof data === 'number' ? { usd: data } : data) };
    this.#work.writer.record('budget.added', 0, 0, added, 'disk');
    if (this.#work.paused) this.#work.pause.raised();
    // What fails here is done by the next owner.
    this.#work.budget?.raise(added).catch(() => undefined);
  }

  #setLevel(command: string, { level }: LevelData): void {
    this.#work.writer.record('level.set', 0, 0, { command, level }, 'disk');
    this.#work.thoughts.setLevel(level);
  }

  #take(command: string, { mode, text }: SendData): void {
    const { writer, lease } = this.#work;
    writer.record('message.given', 0, 0, { command, mode, text }, 'disk');
    this.#doing.take({ command, mode, text });
    if (!this.#doing.isWaiting(command)) lease.handled(command);
  }

  #cancel(by: string): void {
    this.#work.brake.halt(new Stop((usage) => ({ status: 'cancelled', by, usage })));
  }
}

/** When the first question of a run that was parked expires; absent where the run's time is up before. */
function questionsUntilMs({ untilMs, deadlineMs, operationDeadlineMs = deadlineMs }: Parked): number | undefined {
  if (deadlineMs === undefined || operationDeadlineMs === undefined) return undefined;
  return untilMs < Math.min(deadlineMs, operationDeadlineMs) ? untilMs : undefined;
}

/** Of errors that are no plain failures. */
const STATUS: { readonly [K in ErrorCode]?: 'timed_out' | 'needs_attention' } = {
  PROVIDER_TIMEOUT: 'timed_out',
  DATA_DAMAGED: 'needs_attention',
};

function failure(error: OpenClawError, usage: Usage): Outcome {
  return { status: STATUS[error.code] ?? 'failed', error: error.toBody(), usage };
}

function tooLong({ runMs }: RunLimits): OpenClawError {
  return new OpenClawError('PROVIDER_TIMEOUT', `The run took longer than ${runMs} ms. Raise limits.runMs if that is expected.`);
}

function isLeaseGone(error: unknown): boolean {
  return error instanceof OpenClawError && (error.code === 'FENCED' || error.code === 'STORE_FAILED');
}
