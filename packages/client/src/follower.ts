/**
 * Follows one run over the channels that it takes, from its start, or from a saved place, to its end (PROTOCOL.md §3–§5).
 *
 * 1. The start is sent again with the same key until `started` was seen; from then on the run is attached to, never started.
 * 2. Each join has a channel number of its own, so that what still comes for the one before finds nobody.
 * 3. Three damaged batches with nothing taken between them end the following, not the run.
 */
import { backoffMs, type Clock, createChannel, type Channel as Queue, type Random } from '@openclaw-runtime/kit';
import {
  type Attached,
  type Batch,
  type Err,
  OpenClawError,
  type Outcome,
  type Snap,
  type Start,
  type Started,
} from '@openclaw-runtime/protocol';
import type { Outgoing } from './outgoing.ts';
import { type BarePlace, copyFold, copyPosition, type Position, startOf } from './position.ts';
import { createPromise } from './promise.ts';
import { type RunResult, resultOf } from './result.ts';
import type { RunItem, SavedRun } from './run-item.ts';
import type { Teller } from './teller.ts';
import { createTranscript, type Heard, type Verdict } from './transcript.ts';

const MAX_STRIKES = 3;

/** What a follower needs of its client. */
export interface Link {
  /** A channel number for this follower, on this connection. */
  claim(follower: Follower): number;
  release(ch: number): void;
  send(frame: Outgoing): void;
  /** The follower has ended. */
  forget(follower: Follower): void;
  heartbeatMs(): number;
}

export interface Beginning {
  readonly idem: string;
  /** Asked for at the first try. */
  request(): Start['run'];
}

export interface FollowerOptions {
  readonly link: Link;
  readonly clock: Clock;
  readonly random: Random;
  readonly streaming: boolean;
  /** Text may be held back for a while. */
  readonly paced: boolean;
  /** Of attaching, in a row. */
  readonly maxReconnectAttempts: number;
  readonly reconnectDelayMs: number;
  /** How the run begins, or where it is resumed. */
  readonly from: Beginning | SavedRun;
  /** The follower gave up by itself. */
  failed(error: OpenClawError): void;
  teller(follower: Follower): Teller;
}

/** An item and the place after it. */
export interface QueuedItem {
  readonly item: RunItem;
  readonly epoch: number;
  readonly h: number;
}

type Stage =
  | { readonly kind: 'starting'; readonly frame: () => Omit<Start, 'ch'> }
  | { readonly kind: 'following'; readonly run: string }
  | { readonly kind: 'ended'; readonly run: string | undefined };

type Place = { readonly kind: 'none' } | { readonly kind: 'asked'; readonly ch: number } | { readonly kind: 'live'; readonly ch: number };

export interface Follower {
  readonly run: string | undefined;
  readonly agent: string | undefined;
  readonly started: Promise<string>;
  readonly result: Promise<RunResult>;
  readonly items: Queue<QueuedItem>;
  /** Where the reader of `items` is; it advances this. Absent while a silent prefix is fetched. */
  readonly reader: Position | undefined;
  /** Up to where everything was told. */
  readonly told: Position | BarePlace;
  /** The connection is open. */
  join(): void;
  /** The connection is gone. */
  dropped(): void;
  answered(frame: Started | Attached): void;
  batch(batch: Batch): void;
  snap(frame: Snap): void;
  /** A heartbeat came, with the head of this channel or without. */
  heartbeat(head: number | undefined): void;
  refused(error: Err): void;
  /** More was added to its budget: whether it goes on is not known yet. */
  renew(): void;
  detach(): void;
  fail(error: OpenClawError): void;
}

export function createFollower(options: FollowerOptions): Follower {
  const { link, clock, random, streaming, from } = options;
  const saved = 'run' in from ? from : undefined;
  const started = createPromise<string>();
  /** Anew after each pause; and what it came to. */
  let result = createPromise<RunResult>();
  let told: Outcome | undefined;
  const items = createChannel<QueuedItem>(() => items.end());

  const place = placeOf(saved);
  let reader = place.fold && copyPosition(place);
  let stage: Stage = 'run' in from ? { kind: 'following', run: from.run } : { kind: 'starting', frame: startFrame(from) };
  let channel: Place = { kind: 'none' };
  let about: { readonly agent?: string | undefined } = saved ?? {};
  /** The place before the first record of which text is held back. */
  let held: Position | BarePlace = place;
  let namedAtMs = 0;
  let strikes = 0;
  let refusals = 0;
  let cancelRetry = (): void => {};

  const hear = (heard: Heard): void => {
    if (stage.kind === 'ended') return;
    if (heard.kind === 'caught') {
      reader = copyPosition(heard.position);
      return;
    }
    if (heard.kind === 'replaced') {
      const { epoch, seq, h, fold } = heard.position;
      reader ??= startOf(epoch);
      items.push({ item: { kind: 'snapshot', epoch, seq, fold: copyFold(fold) }, epoch, h });
      return teller.replaced(heard.before, heard.position);
    }
    const { record, epoch, h } = heard;
    if (record.kind === 'run.created') about = record.data;
    items.push({ item: record, epoch, h });
    if (options.paced && teller.idle) held = positionNow();
    teller.record(record);
  };
  const transcript = createTranscript(place, hear);
  const positionNow = (): Position | BarePlace => (transcript.shown.fold ? copyPosition(transcript.shown) : transcript.shown);

  const leave = (): void => {
    if (channel.kind !== 'none') link.release(channel.ch);
    channel = { kind: 'none' };
    cancelRetry();
  };

  const end = (): void => {
    leave();
    stage = { kind: 'ended', run: follower.run };
    link.forget(follower);
  };

  const fail = (error: OpenClawError): void => {
    if (stage.kind === 'ended') return;
    end();
    teller.stop();
    items.fail(error);
    started.reject(error);
    result.reject(error);
  };

  const giveUp = (error: OpenClawError): void => {
    if (stage.kind === 'ended') return;
    fail(error);
    options.failed(error);
  };

  const join = (): void => {
    if (stage.kind === 'ended') return;
    leave();
    const ch = link.claim(follower);
    channel = { kind: 'asked', ch };
    const hold = streaming ? undefined : true;
    if (stage.kind === 'starting') return link.send({ ...stage.frame(), ch, hold });
    const { epoch, seq, h } = transcript.reached;
    link.send({ t: 'attach', ch, run: stage.run, hold, ...(seq > 0 && { epoch, after: seq, h }) });
  };

  const depart = (): void => {
    if (channel.kind !== 'none') link.send({ t: 'detach', ch: channel.ch });
  };

  const rejoin = (): void => {
    depart();
    join();
  };

  const joinLater = (n: number, waitMs = backoffMs({ baseMs: options.reconnectDelayMs, capMs: 30_000 }, n, random)): void => {
    leave();
    cancelRetry = clock.after(waitMs, join);
  };

  /** A hole is asked for again, at leisure when that does not help; damage is not asked for for ever. */
  const strike = (verdict: Verdict): void => {
    if (++strikes < MAX_STRIKES) return rejoin();
    if (verdict === 'gap') return joinLater(strikes);
    giveUp(new OpenClawError('DATA_DAMAGED', `Run ${follower.run} keeps failing its checksum.`));
  };

  /** Does what changes the transcript, and sees whether the run has ended by it. */
  const change = (deed: () => void): void => {
    namedAtMs = clock.now();
    try {
      deed();
    } catch (error) {
      return giveUp(OpenClawError.from(error, 'DATA_DAMAGED'));
    }
    if (stage.kind === 'ended') return;
    const { fold } = transcript.reached;
    const { outcome = fold.paused } = fold;
    if (told && told !== outcome) result = createPromise();
    told = outcome;
    if (!outcome) return;
    const final = resultOf(fold, outcome);
    if (fold.outcome) {
      end();
      items.end();
      teller.done(final, transcript.reached);
    }
    result.resolve(final);
  };

  const follower: Follower = {
    get run() {
      return stage.kind === 'starting' ? undefined : stage.run;
    },
    get agent() {
      return about.agent;
    },
    get reader() {
      return reader;
    },
    get told() {
      return teller.idle ? transcript.shown : held;
    },
    started: started.promise,
    get result() {
      return result.promise;
    },
    items,
    join,
    dropped: leave,

    answered(frame) {
      if (channel.kind !== 'asked' || (stage.kind === 'starting') !== (frame.t === 'started')) return;
      channel = { kind: 'live', ch: channel.ch };
      refusals = 0;
      if (stage.kind === 'starting') stage = { kind: 'following', run: frame.run };
      started.resolve(frame.run);
      change(() => transcript.attached(frame.epoch, frame.head, frame.t === 'attached' && frame.mode === 'reset'));
    },

    batch([, first, records, h]) {
      if (channel.kind !== 'live') return;
      change(() => {
        const verdict = transcript.take(first, records, h);
        if (verdict === 'taken') strikes = 0;
        if (verdict === 'gap' || verdict === 'damaged') strike(verdict);
      });
    },

    snap({ epoch, s, h, fold }) {
      if (channel.kind === 'live') change(() => transcript.snap({ epoch, seq: s, h, fold }));
    },

    heartbeat(head) {
      if (channel.kind !== 'live') return;
      const silentMs = clock.now() - namedAtMs;
      if (head !== undefined) namedAtMs = clock.now();
      // Not named for two heartbeats, with room for jitter.
      if (head === undefined ? silentMs > 1.9 * link.heartbeatMs() : streaming && head > transcript.reached.seq) rejoin();
    },

    refused(body) {
      const error = OpenClawError.fromBody(body);
      const mayPass = error.code === 'SHUTTING_DOWN' || (error.retryable && stage.kind === 'following');
      if (!mayPass || ++refusals > options.maxReconnectAttempts) return giveUp(error);
      joinLater(refusals, error.retryAfterMs);
    },

    renew() {
      change(() => {
        transcript.reached.fold.paused = undefined;
      });
    },

    detach() {
      if (stage.kind === 'ended') return;
      depart();
      items.end();
      fail(new OpenClawError('STREAM_DISCONNECTED', 'Detached; the run goes on.'));
    },

    fail,
  };
  const teller = options.teller(follower);
  if (saved) started.resolve(saved.run);
  return follower;
}

/** The request is read once, at the first try: every other one repeats it to the letter. */
function startFrame({ idem, request }: Beginning): () => Omit<Start, 'ch'> {
  let frame: Omit<Start, 'ch'> | undefined;
  return () => (frame ??= { t: 'start', idem, run: request() });
}

function placeOf(saved: SavedRun | undefined): Position | BarePlace {
  if (!saved || saved.seq === 0) return startOf(saved?.epoch ?? 0);
  const { epoch, seq, h, fold } = saved;
  return fold && h !== undefined ? { epoch, seq, h, fold: copyFold(fold) } : { epoch, seq, h };
}
