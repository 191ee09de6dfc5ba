import type { OpenClawError, Usage } from '@openclaw-runtime/protocol';
import type { ModelEnd, ModelSink } from '../contract/broker.ts';
import type { Speech } from './speech.ts';

/** What is particular to one API of model providers, for one call to it. */
export interface Api {
  /** As a person would look it up: `an OpenAI-compatible API`. */
  readonly title: string;
  /** What is sent. `apiKey` as it is at the time of this try. */
  question(apiKey: string | undefined): Question;
  answer(speech: Speech, sink: ModelSink): Answer;
  /** What a refusal means, where the status alone does not say it. */
  refused?(status: number, speech: Speech): OpenClawError | undefined;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Beside those of the configuration, which come before these where a name is in both. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that nothing overrides. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One answer being put together out of the data of its events; deltas go on to the sink. */
export interface Answer {
  /** Grows with each event that held content. */
  readonly content: number;
  /** The provider said why it ended: only usage and the end mark are still to come, and the answer is whole without them. */
  readonly finished: boolean;
  /** The end mark came; nothing after it counts. */
  readonly done: boolean;
  /** What the provider counted so far. */
  readonly usage: Usage;
  /** Throws `PROVIDER_MALFORMED` for what is not of the API, and what an error that the provider reports means. */
  take(data: string): void;
  /** Throws `PROVIDER_FAILED` when the stream broke off. */
  end(): ModelEnd;
}
