/** What came of a call, as far as it matters here. */
export interface CallResult {
  readonly content?: readonly { readonly type: string }[] | undefined;
  readonly structuredContent?: unknown;
  readonly isError?: boolean | undefined;
}

/** What a model is told of a result: its texts; of everything else that it is there. */
export function tellResult({ content = [], structuredContent }: CallResult): string {
  if (content.length === 0 && structuredContent !== undefined) return jsonOf(structuredContent);
  return content.map((part) => tellPart(part)).join('\n');
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[a result that is nested too deep to be told]';
  }
}

interface Part {
  readonly type: string;
  readonly text?: unknown;
  readonly data?: unknown;
  readonly mimeType?: unknown;
  readonly uri?: unknown;
  readonly name?: unknown;
  readonly resource?: { readonly uri?: unknown; readonly text?: unknown; readonly blob?: unknown; readonly mimeType?: unknown };
}

function tellPart(part: Part): string {
  if (part.type === 'text' && typeof part.text === 'string') return part.text;
  if (part.type === 'resource_link') return `[${word(part.name)}: ${word(part.uri)}]`;
  if (part.type === 'resource' && part.resource) {
    const { uri, text, blob, mimeType } = part.resource;
    return typeof text === 'string'
      ? `[${word(uri)}]\n${text}`
      : `[${word(uri)}: ${word(mimeType)}, ${bytesOf(blob)} bytes that are no text]`;
  }
  return `[${word(part.type)}: ${word(part.mimeType)}, ${bytesOf(part.data)} bytes that are no text]`;
}

function word(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 1_000) : 'unknown';
}

/** Of base64. */
function bytesOf(data: unknown): number {
  return typeof data === 'string' ? Math.floor((data.replace(/=+$/, '').length * 3) / 4) : 0;
}
