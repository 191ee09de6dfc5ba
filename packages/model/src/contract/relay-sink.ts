import type { ErrorBody, Usage } from '@openclaw-runtime/protocol';
import type { Leveled, ModelSink } from './broker.ts';

/** Passes everything on to another sink. Who watches or changes some of it on its way extends this. */
export class RelaySink implements ModelSink {
  protected readonly sink: ModelSink;

  constructor(sink: ModelSink) {
    this.sink = sink;
  }

  text(delta: string): void {
    this.sink.text(delta);
  }

  thinking(delta: string): void {
    this.sink.thinking(delta);
  }

  asked(): void {
    this.sink.asked?.();
  }

  retry(error: ErrorBody, delayMs: number): void {
    this.sink.retry(error, delayMs);
  }

  queued(ahead: number): void {
    this.sink.queued(ahead);
  }

  responding(response: string): void {
    this.sink.responding(response);
  }

  leveled(leveled: Leveled): void {
    this.sink.leveled?.(leveled);
  }

  spent(usage: Usage): void {
    this.sink.spent?.(usage);
  }

  full(): Promise<void> | undefined {
    return this.sink.full();
  }
}
