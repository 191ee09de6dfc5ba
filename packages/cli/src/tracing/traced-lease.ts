import { decodeRecord, type WireRecord } from '@openclaw-runtime/protocol';
import type { Command, Durability, Head, Lease, RunKey } from '@openclaw-runtime/store';
import type { RunSpans } from './run-spans.ts';

/** Kinds that say nothing for a span and may be long. */
const SILENT = /^\["(?:thinking|state\.saved|event|budget\.|child\.|approval\.|message\.|feedback\.|tier\.|cancel\.)/;

/** A lease that makes spans of its owner's records as they are appended. */
export class TracedLease implements Lease {
  readonly #lease: Lease;
  readonly #spans: RunSpans;
  #copied: number;

  constructor(lease: Lease, spans: RunSpans, copied: number) {
    this.#lease = lease;
    this.#spans = spans;
    this.#copied = copied;
  }

  append(records: readonly string[], durability: Durability, done?: boolean): void {
    this.#lease.append(records, durability, done);
    for (const record of records) {
      if (this.#copied > 0) this.#copied--;
      else if (record.startsWith(TEXT)) this.#spans.text(stepOf(record), () => textOf(record));
      else if (!SILENT.test(record)) this.#spans.take(decodeRecord(JSON.parse(record) as WireRecord, 0));
    }
  }

  get key(): RunKey {
    return this.#lease.key;
  }

  get head(): Head {
    return this.#lease.head;
  }

  get creation(): string {
    return this.#lease.creation;
  }

  get damage(): string | undefined {
    return this.#lease.damage;
  }

  get commands(): readonly Command[] {
    return this.#lease.commands;
  }

  settled(): Promise<void> {
    return this.#lease.settled();
  }

  full(): Promise<void> | undefined {
    return this.#lease.full();
  }

  incoming(): Promise<void> | undefined {
    return this.#lease.incoming();
  }

  handled(id: string): void {
    this.#lease.handled(id);
  }

  show(status: Parameters<Lease['show']>[0]): void {
    this.#lease.show(status);
  }

  saveReplay(seq: number, replay: string): void {
    this.#lease.saveReplay(seq, replay);
  }

  park(forMs: number): void {
    this.#lease.park(forMs);
  }
}

const TEXT = '["text",';

function stepOf(record: string): number {
  return Number.parseInt(record.slice(TEXT.length), 10);
}

function textOf(record: string): string {
  return (JSON.parse(record) as WireRecord)[3] as string;
}
