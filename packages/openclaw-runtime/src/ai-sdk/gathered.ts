import type { LanguageModelV4Content, LanguageModelV4GenerateResult, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { OpenClawError } from '@openclaw-runtime/protocol';

type Finish = Extract<LanguageModelV4StreamPart, { readonly type: 'finish' }>;
type Metadata = NonNullable<LanguageModelV4GenerateResult['response']>;

/** The parts of a stream, put together. */
export class Gathered {
  readonly #content: LanguageModelV4Content[] = [];
  readonly #open = new Map<string, { type: 'text' | 'reasoning'; text: string }>();
  #response: Metadata = {};
  #finish: Finish | undefined;

  async takeAll(parts: AsyncIterable<LanguageModelV4StreamPart>): Promise<void> {
    for await (const part of parts) this.take(part);
  }

  take(part: LanguageModelV4StreamPart): void {
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start': {
        const content = { type: part.type === 'text-start' ? ('text' as const) : ('reasoning' as const), text: '' };
        this.#open.set(part.id, content);
        this.#content.push(content);
        return;
      }
      case 'text-delta':
      case 'reasoning-delta': {
        const content = this.#open.get(part.id);
        if (content) content.text += part.delta;
        return;
      }
      case 'tool-call':
      case 'tool-result':
        this.#content.push(part);
        return;
      case 'response-metadata': {
        const { type: _, ...metadata } = part;
        this.#response = metadata;
        return;
      }
      case 'finish':
        this.#finish = part;
        return;
      default:
    }
  }

  /** Throws `STREAM_DISCONNECTED` where the stream did not come to its end. */
  result(): Pick<LanguageModelV4GenerateResult, 'content' | 'finishReason' | 'usage' | 'providerMetadata' | 'response'> {
    if (!this.#finish) throw new OpenClawError('STREAM_DISCONNECTED', 'The answer has no end.');
    const { finishReason, usage, providerMetadata } = this.#finish;
    const about = providerMetadata === undefined ? {} : { providerMetadata };
    return { content: this.#content, finishReason, usage, ...about, response: this.#response };
  }
}
