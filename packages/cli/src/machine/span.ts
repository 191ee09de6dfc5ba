/** A span that is over, as whoever exports it takes it. */
export interface EndedSpan {
  readonly name: string;
  /** `client`: something else was asked. */
  readonly kind: 'internal' | 'client';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly state?: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** The kind of error that it ended with. */
  readonly error?: string;
}

export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes: Attributes;
}

export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Where spans go when they are over. Does not throw and does not wait. */
export type SpanSink = (span: EndedSpan) => void;
