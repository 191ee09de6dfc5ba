import { OpenClawClient, type Run } from '@openclaw-runtime/client';
import {
  applyRecord,
  decodeRecord,
  emptyFold,
  OpenClawError,
  type RunFold,
  type RunRecord,
  type WireRecord,
} from '@openclaw-runtime/protocol';
import type { Chance } from './chance.ts';
import type { Network } from './network.ts';
import type { Ask, PlannedCommand, UserPlan } from './plan.ts';
import type { Process } from './process.ts';

/** What a user wrote down, at the moment it happened, in a book that outlives its processes. `i` is the number of what it asked. */
export type Line =
  /** A new process of the user. */
  | { readonly t: 'opened'; readonly i: number; readonly at: number }
  | { readonly t: 'asked'; readonly i: number; readonly at: number }
  | { readonly t: 'resumed'; readonly i: number; readonly at: number; readonly epoch: number; readonly seq: number }
  | { readonly t: 'started'; readonly i: number; readonly at: number; readonly run: string }
  | HeardRecord
  | {
      readonly t: 'snapshot';
      readonly i: number;
      readonly at: number;
      readonly epoch: number;
      readonly seq: number;
      readonly fold: RunFold;
    }
  | { readonly t: 'token' | 'thinking'; readonly i: number; readonly at: number; readonly step: number; readonly text: string }
  | {
      readonly t: 'rewind';
      readonly i: number;
      readonly at: number;
      readonly step: number;
      readonly keep: number;
      readonly keepThinking: number;
    }
  | { readonly t: 'commanded' | 'acknowledged'; readonly i: number; readonly at: number; readonly command: PlannedCommand }
  | { readonly t: 'refused'; readonly i: number; readonly at: number; readonly command: PlannedCommand; readonly code: string }
  | { readonly t: 'ended'; readonly i: number; readonly at: number; readonly status: string; readonly text: string }
  | { readonly t: 'failed'; readonly i: number; readonly at: number; readonly code: string; readonly message: string };

export interface HeardRecord {
  readonly t: 'record';
  readonly i: number;
  readonly at: number;
  readonly epoch: number;
  readonly seq: number;
  readonly h: number;
  readonly wire: WireRecord;
}

export interface Book {
  readonly lines: Line[];
}

export interface UserOptions {
  readonly process: Process;
  readonly network: Network;
  readonly chance: Chance;
  readonly plan: UserPlan;
  readonly book: Book;
  /** Simulated milliseconds since the beginning. */
  now(): number;
}

type Unstamped<T> = T extends Line ? Omit<T, 'at'> : never;

/** One life of a user's process: asks what the plan says, goes on with what an earlier life left. */
export function openUser({ process, network, chance, plan, book, now }: UserOptions): void {
  const write = (line: Unstamped<Line>): void => void book.lines.push({ ...line, at: now() } as Line);
  const client = new OpenClawClient({
    streaming: !plan.hold,
    tokenInterval: plan.paceMs,
    reconnectDelay: 100,
    maxReconnectAttempts: 1_000_000,
    WebSocket: network.socketsOf(process),
    clock: process.clock,
    random: chance.branch(`user ${process.name} ${book.lines.length}`),
  });
  const numbers = new Map<string, number[]>();
  const told = (run: string, tell: (i: number) => void): void => numbers.get(run)?.forEach(tell);
  client.on('token', (text, { run, step }) => told(run, (i) => write({ t: 'token', i, step, text })));
  client.on('thinking', (text, { run, step }) => told(run, (i) => write({ t: 'thinking', i, step, text })));
  client.on('rewind', ({ run, step, keep, keepThinking }) => told(run, (i) => write({ t: 'rewind', i, step, keep, keepThinking })));
  client.connect('ws://simulated.test').catch(() => undefined);

  const follow = async (run: Run, i: number): Promise<void> => {
    try {
      const id = await run.started;
      write({ t: 'started', i, run: id });
      for await (const item of run) {
        const { epoch = 0, h = 0 } = run.cursor ?? {};
        if (item.kind === 'snapshot') write({ t: 'snapshot', i, epoch, seq: item.seq, fold: structuredClone(item.fold) });
        else write({ t: 'record', i, epoch, seq: item.seq, h, wire: wireOf(item) });
      }
      const { status, text } = await run.result();
      write({ t: 'ended', i, status, text });
    } catch (error) {
      const { code, message } = OpenClawError.from(error);
      if (code === 'STORE_FULL' && run.id === undefined) process.after(300, () => ask(plan.asks[i] as Ask, i));
      else write({ t: 'failed', i, code, message });
    }
  };

  const command = (run: Run, i: number, planned: PlannedCommand): void => {
    if (!process.alive) return;
    write({ t: 'commanded', i, command: planned });
    give(run, planned).then(
      () => write({ t: 'acknowledged', i, command: planned }),
      (error: unknown) => write({ t: 'refused', i, command: planned, code: OpenClawError.from(error).code }),
    );
  };

  const begin = (run: Run, i: number, commands: readonly PlannedCommand[]): void => {
    void follow(run, i);
    run.started.then(
      (id) => {
        numbers.set(id, [...new Set([...(numbers.get(id) ?? []), i])]);
        for (const planned of commands) process.after(planned.afterMs, () => command(run, i, planned));
      },
      () => undefined,
    );
  };

  const ask = (wanted: Ask, i: number): void => {
    write({ t: 'asked', i });
    begin(client.run({ ...requestOf(wanted), idempotencyKey: wanted.idem }), i, wanted.commands);
  };

  plan.asks.forEach((wanted, i) => {
    write({ t: 'opened', i });
    const past = pastOf(book.lines, i);
    if (past.isOver) return;
    if (past.run === undefined || !past.isAsked) {
      process.after(past.isAsked ? 0 : wanted.atMs, () => ask(wanted, i));
      return;
    }
    // Half the applications keep the fold, half only the cursor.
    const saved = i % 2 === 0 ? { fold: past.fold } : {};
    const { run, epoch, seq, h } = past;
    write({ t: 'resumed', i, epoch, seq });
    const left = wanted.commands.filter((each) => !past.given.includes(each.text + each.kind));
    begin(seq === 0 ? client.attach(run) : client.attach({ run, epoch, seq, h, ...saved }), i, left);
  });
}

/** The request as the user words it: the same for all who ask with this key. */
export function requestOf({ prompt, model, agent, operation, session, tokenInterval }: Ask) {
  return {
    input: prompt,
    model,
    ...(agent === undefined ? {} : { agent }),
    ...(operation === undefined ? {} : { operation, args: { prompt } }),
    ...(session === undefined ? {} : { session }),
    tokenInterval: tokenInterval ?? 40,
  };
}

function give(run: Run, { kind, text }: PlannedCommand): Promise<void> {
  if (kind === 'cancel') return run.cancel();
  if (kind === 'feedback') return run.feedback({ text });
  return run.send(text, { mode: kind });
}

function wireOf({ kind, step, attempt, data, deltas }: RunRecord): WireRecord {
  return deltas === undefined ? [kind, step, attempt, data] : [kind, step, attempt, data, deltas];
}

export interface Past {
  readonly isAsked: boolean;
  readonly isOver: boolean;
  readonly run: string | undefined;
  readonly epoch: number;
  readonly seq: number;
  readonly h: number;
  readonly fold: RunFold;
  readonly given: readonly string[];
}

/** What the lines amount to: the place up to which the user has seen a run, and all that it saw. */
export function pastOf(lines: readonly Line[], i: number): Past {
  const past = {
    isAsked: false,
    isOver: false,
    run: undefined as string | undefined,
    epoch: 0,
    seq: 0,
    h: 0,
    fold: emptyFold(),
    given: [] as string[],
  };
  for (const line of lines) {
    if (line.i !== i) continue;
    if (line.t === 'asked') past.isAsked = true;
    else if (line.t === 'started') past.run = line.run;
    else if (line.t === 'ended' || line.t === 'failed') past.isOver = true;
    else if (line.t === 'commanded') past.given.push(line.command.text + line.command.kind);
    else if (line.t === 'snapshot') {
      Object.assign(past, { epoch: line.epoch, seq: line.seq, h: 0, fold: structuredClone(line.fold) });
    } else if (line.t === 'record') {
      applyRecord(past.fold, decodeRecord(line.wire, line.seq));
      Object.assign(past, { epoch: line.epoch, seq: line.seq, h: line.h });
    }
  }
  return past;
}
