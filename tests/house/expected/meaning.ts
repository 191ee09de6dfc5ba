import type { ModelEnd } from '@openclaw-runtime/model';

/** What a stream means, read without any of the code that is tested. */
export interface Expected {
  readonly text: string;
  readonly thinking: string;
  readonly end: ModelEnd;
}
