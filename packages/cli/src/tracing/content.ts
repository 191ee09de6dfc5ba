import type { RunRequest } from '@openclaw-runtime/protocol';

/** What people and models said, for spans that may hold it. */
export interface SpanContent {
  /** One message in OpenTelemetry's form, as JSON. */
  message(role: 'user' | 'assistant', text: string, finish?: string): string;
  text(text: string): string;
}

/** Characters of one attribute. */
const MOST_CHARS = 16_384;

/** `scrub` takes secrets out. */
export function createContent(scrub: (text: string) => string): SpanContent {
  const shown = (text: string): string => {
    // Not after the cut, which could leave half of a secret.
    const clean = scrub(text);
    return clean.length > MOST_CHARS ? `${clean.slice(0, MOST_CHARS).toWellFormed()}…` : clean;
  };
  return {
    message: (role, text, finish) =>
      JSON.stringify([{ role, parts: [{ type: 'text', content: shown(text) }], ...(finish !== undefined && { finish_reason: finish }) }]),
    text: shown,
  };
}

/** Of what a run was asked, the last that was said. */
export function inputText(input: RunRequest['input']): string {
  return typeof input === 'string' ? input : (input.at(-1)?.content ?? '');
}
