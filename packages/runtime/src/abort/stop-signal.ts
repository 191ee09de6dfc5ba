/** What a call is stopped by. An `AbortSignal` is one; whoever stops thousands of calls has one that costs less. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: StopListener, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: StopListener): void;
}

export interface StopListener {
  handleEvent(): void;
}
