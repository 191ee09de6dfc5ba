import type { Clock, Wheel } from '@openclaw-runtime/kit';
import { encodeRecord, type Kind, NO_USAGE, type Payloads } from '@openclaw-runtime/protocol';
import type { Durability, Lease } from '@openclaw-runtime/store';

export interface WriterOptions {
  readonly clock: Clock;
  readonly wheel: Wheel;
  /** Milliseconds that text may wait for its record. That of a slow model does not: what comes after half of this without any is written at once. */
  readonly intervalMs: number;
  readonly textDurability: Durability;
}

/** Text per record, and the most of one delta that goes into one. */
const RECORD_CHARS = 4096;
const DELTA_CHARS = 64 * 1024;
const LONG_RECORDS = 1024;
/** Characters of an answer that is delivered whole; a longer one streams from there on. */
const HELD_CHARS = 1024 * 1024;

type Flow = 'text' | 'thinking';

interface Held {
  readonly flow: Flow;
  readonly text: string;
  readonly record: string;
}

/**
 * Turns a run's happenings into records. Text is gathered: the first of an attempt goes at once, later text waits for the interval or for 4 KiB,
 * so what a fast model says is joined, and what a slow one says is not.
 * Anything else first lets the gathered text go, so the log keeps the order of events.
 */
export class RunWriter {
  readonly #lease: Lease;
  readonly #options: WriterOptions;
  readonly #onLong: () => void;
  #flow: Flow = 'text';
  #step = 0;
  #attempt = 0;
  #gathered = '';
  #deltas: number[] = [];
  #first = true;
  #due = false;
  /** When the delta before came. */
  #cameMs = 0;
  #dropped = false;
  /** Text and thinking of the current step that went into records. */
  readonly said = { text: '', thinking: '' };
  /** The attempt that the current step is at, as far as this writer began it. */
  attempt = 1;
  /** Tokens that broken tries of the current step took, as far as the provider told. */
  spent = NO_USAGE;
  #sealed = 0;
  /** Records of text that went out, or wait to be delivered whole. */
  records = 0;
  /** What an answer that is to be delivered whole has said so far. */
  #held: Held[] | undefined;
  #heldChars = 0;

  /** `onLong` is called once, when the run has become long enough for snapshots. */
  constructor(lease: Lease, options: WriterOptions, onLong: () => void = () => undefined) {
    this.#lease = lease;
    this.#options = options;
    this.#onLong = onLong;
  }

  text(flow: Flow, step: number, attempt: number, delta: string): void {
    if (step <= this.#sealed) return;
    if (delta.length > DELTA_CHARS) {
      for (const part of splitText(delta, DELTA_CHARS)) this.text(flow, step, attempt, part);
      return;
    }
    if (this.#gathered !== '' && (flow !== this.#flow || attempt !== this.#attempt || step !== this.#step)) this.flush();
    if (flow !== this.#flow || attempt !== this.#attempt || step !== this.#step) this.#first = true;
    this.#flow = flow;
    this.#step = step;
    this.#attempt = attempt;
    this.#gathered += delta;
    this.#deltas.push(delta.length);
    const { clock, wheel, intervalMs } = this.#options;
    const nowMs = clock.now();
    const isSlow = nowMs - this.#cameMs >= intervalMs / 2;
    this.#cameMs = nowMs;
    if (this.#first || this.#gathered.length >= RECORD_CHARS) this.flush();
    else if (!this.#due) {
      this.#due = true;
      // By the next tick, so that what came with it goes with it.
      wheel.after(isSlow ? 0 : intervalMs, flushDue, this);
    }
  }

  /** `before`: an encoded record that is written with it, in front of it. */
  record<K extends Kind>(kind: K, step: number, attempt: number, data: Payloads[K], durability: Durability, before?: string): void {
    if (step !== 0 && step <= this.#sealed) return;
    if (kind === 'step.started') this.attempt = attempt;
    const text = this.#gather();
    const record = encodeRecord(kind, step, attempt, data);
    this.#write(text, before === undefined ? [record] : [before, record], durability);
  }

  /** Encoded records in one append, on disk; `done` when the last of them ends the run. */
  append(records: readonly string[], done: boolean): void {
    this.#write(this.#gather(), records, 'disk', done);
  }

  flush(): void {
    const text = this.#gather();
    if (text !== undefined) this.#write(text, [], this.#options.textDurability);
  }

  /** What was said before goes with it. */
  #write(text: string | undefined, records: readonly string[], durability: Durability, done = false): void {
    const { textDurability } = this.#options;
    if (text === undefined) return this.#lease.append(records, durability, done);
    this.#lease.append([text, ...records], durability === 'disk' ? 'disk' : textDurability, done);
    if (this.records === LONG_RECORDS) this.#onLong();
  }

  /** The record of what was gathered; none where it is held. */
  #gather(): string | undefined {
    if (this.#gathered === '' || this.#dropped) return undefined;
    const record = encodeRecord(this.#flow, this.#step, this.#attempt, this.#gathered, this.#deltas);
    const held = this.#held;
    if (held) {
      held.push({ flow: this.#flow, text: this.#gathered, record });
      this.#heldChars += this.#gathered.length;
    } else this.said[this.#flow] += this.#gathered;
    this.#gathered = '';
    this.#deltas = [];
    this.#first = false;
    this.records++;
    if (!held) return record;
    if (this.#heldChars > HELD_CHARS) this.letGo();
    return undefined;
  }

  /** Text from here on waits until it is let go of or forgotten: the answer is delivered whole. */
  hold(): void {
    this.flush();
    this.#held ??= [];
  }

  /** What was held is delivered, in one append. */
  letGo(): void {
    this.flush();
    const held = this.#held;
    this.#held = undefined;
    this.#heldChars = 0;
    if (!held || held.length === 0 || this.#dropped) return;
    for (const { flow, text } of held) this.said[flow] += text;
    this.#lease.append(
      held.map(({ record }) => record),
      this.#options.textDurability,
    );
    if (this.records >= LONG_RECORDS && this.records - held.length < LONG_RECORDS) this.#onLong();
  }

  /** What was said, with what is held of it. */
  get saidAndHeld(): Readonly<Record<'text' | 'thinking', string>> {
    this.flush();
    const whole = { ...this.said };
    for (const { flow, text } of this.#held ?? []) whole[flow] += text;
    return whole;
  }

  /** What was held is nobody's. */
  forget(): void {
    if (!this.#held) return;
    this.flush();
    this.#held = undefined;
    this.#heldChars = 0;
  }

  /** The step was broken off: what still comes of it is nobody's. */
  seal(step: number): void {
    this.letGo();
    this.#sealed = step;
  }

  /** Forgets what is gathered, and what may still come: the lease is gone. */
  drop(): void {
    this.#dropped = true;
    this.#held = undefined;
    this.#gathered = '';
    this.#deltas = [];
  }

  /** @internal The interval is over. */
  due(): void {
    this.#due = false;
    try {
      this.flush();
    } catch {
      // The lease is gone; whoever took it or the store's end lets the run know.
      this.drop();
    }
  }
}

function flushDue(writer: RunWriter): void {
  writer.due();
}

/** Pieces of at most `size` units that never part a surrogate pair. */
function* splitText(text: string, size: number): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + size, text.length);
    const unit = text.charCodeAt(end - 1);
    if (end < text.length && unit >= 0xd800 && unit <= 0xdbff) end--;
    yield text.slice(at, end);
    at = end;
  }
}
