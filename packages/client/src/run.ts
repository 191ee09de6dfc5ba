import {
  type Approval,
  applyRecord,
  type Budget,
  type Command,
  type CommandKind,
  OpenClawError,
  type SendMode,
} from '@openclaw-runtime/protocol';
import type { Follower, QueuedItem } from './follower.ts';
import { type BarePlace, copyFold, type Position } from './position.ts';
import { optional } from './promise.ts';
import { type RunResult, textOf } from './result.ts';
import type { Level, RunCursor, RunItem, SavedRun } from './run-item.ts';

/**
 * One run as this client sees it. Iterating yields each of its records once, in order, to one reader; leaving the loop
 * ends the iteration, not the run. A run goes on at the server whatever happens to the client.
 */
export interface Run extends AsyncIterable<RunItem> {
  /** Absent until the server has made the run durable. */
  readonly id: string | undefined;
  /** The id. Rejects when the run could not be started. */
  readonly started: Promise<string>;
  /**
   * Up to where the application has seen the run, the item in hand included: while it iterates that moves with the loop,
   * otherwise with the events, where a record counts once all its text was handed out. Absent until the start is answered.
   */
  readonly cursor: RunCursor | undefined;
  /** The cursor and all that was seen up to it, as JSON-safe data: `client.attach` resumes from it, in any process. */
  save(): SavedRun | undefined;
  /** The whole text. Rejects with the error of a run that failed, timed out, needs attention or exhausted its budget. */
  text(): Promise<string>;
  /**
   * How the run ended, or `budget_exhausted` while it waits for its budget: once more was added, another call gives its end. Rejects only when the client cannot
   * follow it.
   */
  result(): Promise<RunResult>;
  /** Resolves when the server has the command durably, or the run has ended already. */
  cancel(): Promise<void>;
  /**
   * Gives the run another message while it goes on: answered after what it does now (`queue`, the default), at its next step (`steer`), or at once (`interrupt`:
   * the answer that is being given breaks off, and stands as far as it came). Resolves when it is durable: then it is answered once, whatever dies. Rejects with
   * `RUN_FINISHED`: start another run in the same session.
   */
  send(text: string, options?: SendOptions): Promise<void>;
  /**
   * Answers what the run asked a person, as the event 'approval' or the record `approval.asked` told it: whether a tool may be called with exactly these
   * arguments (`allow`, the default, or `deny`), or a question (`text`). The first answer counts. Resolves when it is durable. Rejects with `RUN_FINISHED`.
   */
  approve(approval: Pick<Approval, 'id' | 'hash'>, options?: ApproveOptions): Promise<void>;
  /** How deep to think from the run's next step on. Resolves when it is durable. Rejects with `RUN_FINISHED`. */
  setLevel(level: Level): Promise<void>;
  /** Adds to the run's budget, a number is dollars: a run that waits for it goes on. Resolves when it is durable. Rejects with `RUN_FINISHED`. */
  topUp(budget: number | Budget): Promise<void>;
  /** Any JSON value, kept in the run's log; what is right or rated in it (`{correct}`, `{rating}`) is learned from. Resolves when it is durable. */
  feedback(value: unknown): Promise<void>;
  /** Stops following. Iteration ends, `result` rejects with `STREAM_DISCONNECTED`, the run goes on. */
  detach(): void;
}

export interface SendOptions {
  readonly mode?: SendMode;
  /** Sent again with the same id, also from another process, it is the same message. Default: random. */
  readonly id?: string;
}

export interface ApproveOptions {
  readonly answer?: 'allow' | 'deny';
  /** In words; a tool's call that is denied tells its model so. */
  readonly text?: string;
}

/** Resolves when the command is durable. */
export type Submit = (command: Omit<Command, 't'>) => Promise<void>;

/** `newId` names commands. */
export function createRun(follower: Follower, submit: Submit, newId: () => string): Run {
  const cancelId = newId();
  let cancelling: Promise<void> | undefined;
  let iterates = false;

  const place = (): Position | BarePlace => (iterates && follower.reader) || follower.told;

  async function* iterate(): AsyncGenerator<RunItem, void, undefined> {
    iterates = true;
    for await (const queued of follower.items) {
      if (follower.reader) advance(follower.reader, queued);
      yield queued.item;
    }
  }

  const command = (kind: CommandKind, data?: unknown, id = newId()): Promise<void> =>
    optional(follower.started.then((run) => submit({ run, id, kind, data })));

  const cancel = async (): Promise<void> => {
    try {
      await command('cancel', undefined, cancelId);
    } catch (error) {
      cancelling = undefined;
      if (!(error instanceof OpenClawError && error.code === 'RUN_FINISHED')) throw error;
    }
  };

  return {
    get id() {
      return follower.run;
    },
    started: follower.started,
    get cursor() {
      const { run } = follower;
      const { epoch, seq, h } = place();
      return run === undefined || epoch === 0 ? undefined : { run, epoch, seq, h };
    },
    save() {
      const { cursor } = this;
      const { fold } = place();
      const { agent } = follower;
      return cursor && { ...cursor, fold: fold && copyFold(fold), agent };
    },
    text: () => follower.result.then(textOf),
    result: () => follower.result,
    cancel: () => (cancelling ??= optional(cancel())),
    send: (text, { mode = 'queue', id } = {}) => command('send', { text, mode }, id),
    approve: ({ id, hash }, { answer = 'allow', text } = {}) => command('approve', { approval: id, hash, answer, text }),
    setLevel: (level) => command('level', { level }),
    topUp: (budget) => command('topup', budget).then(follower.renew),
    feedback: (data) => command('feedback', data),
    detach: () => follower.detach(),
    [Symbol.asyncIterator]: iterate,
  };
}

function advance(reader: Position, { item, epoch, h }: QueuedItem): void {
  if (item.kind === 'snapshot') reader.fold = copyFold(item.fold);
  else applyRecord(reader.fold, item);
  Object.assign(reader, { epoch, seq: item.seq, h });
}
