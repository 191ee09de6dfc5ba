/** A person with a browser. */
export interface Consent {
  /** Where the browser comes back to. */
  readonly redirectUrl: string;
  /** Lets the person visit `url`; resolves with what the browser brought back together with this `state`. */
  ask(url: URL, state: string, signal: AbortSignal): Promise<URLSearchParams>;
}
