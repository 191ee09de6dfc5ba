/** A message of JSON-RPC, as far as passing it on needs to know it. */
export interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly name?: unknown; readonly uri?: unknown; readonly _meta?: Readonly<Record<string, unknown>> };
  readonly result?: { readonly protocolVersion?: unknown };
}

const REVISION = 'io.modelcontextprotocol/protocolVersion';

/** `undefined` for what is none. */
export function parseMessage(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}

/** What stands in a message on a pipe, and beside it in HTTP. */
export function headersOf({ method, params }: Message, agreed: string | undefined): Readonly<Record<string, string>> {
  const claimed = params?._meta?.[REVISION];
  const revision = typeof claimed === 'string' ? claimed : agreed;
  const name = params?.name ?? params?.uri;
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(revision === undefined ? {} : { 'mcp-protocol-version': revision }),
    ...(typeof claimed === 'string' && method !== undefined ? { 'mcp-method': method } : {}),
    ...(typeof claimed === 'string' && typeof name === 'string' && isPlain(name) ? { 'mcp-name': name } : {}),
  };
}

/** What `initialize` was answered. */
export function revisionOf({ result }: Message): string | undefined {
  return typeof result?.protocolVersion === 'string' ? result.protocolVersion : undefined;
}

/** The messages in an answer, which is one in JSON, or events with one each. What is none of them becomes one. */
export async function* answersOf(
  parts: AsyncIterable<Uint8Array>,
  status: number,
  { id }: Message,
): AsyncGenerator<Message, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let isEvents = false;
  for await (const part of parts) {
    rest += decoder.decode(part, { stream: true });
    isEvents ||= /^(?:data|event|id|retry)?:/.test(rest);
    if (!isEvents) continue;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = line.startsWith('data:') ? parseMessage(line.slice(5)) : undefined;
      if (message) yield message;
    }
  }
  if (isEvents || rest.trim() === '') return;
  const message = parseMessage(rest) as
    | (Message & { readonly jsonrpc?: string; readonly error?: { readonly message?: string } })
    | undefined;
  if (message?.jsonrpc) yield message;
  else if (id !== undefined) yield problemOf(id, message?.error?.message ?? `The server answered ${status}.`);
}

export function problemOf(id: string | number, message: string): Message & { readonly error: object } {
  const body = { jsonrpc: '2.0', id, error: { code: -32_000, message } };
  return body;
}

function isPlain(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
