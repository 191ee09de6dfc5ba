import { OpenClawError } from '@openclaw-runtime/protocol';
import type { World } from '../commands/world.ts';
import { errorOf, type Keeper } from './options.ts';

/** What a server answers to `POST path` with a report at the end, and how far it is before. */
export async function askForReport<T>(
  { data }: Pick<World, 'data'>,
  { base, headers }: Keeper,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<T> {
  const json = body && { body: JSON.stringify(body) };
  const request = { method: 'POST', headers: { ...headers, accept: 'application/x-ndjson' }, ...json } as const;
  const { status, parts } = await data.stream(`${base}${path}`, request, signal);
  if (status !== 200) throw await errorOf(status, parts);
  for await (const line of linesOf(parts)) {
    const said = JSON.parse(line) as {
      readonly share?: number;
      readonly report?: T;
      readonly error?: Parameters<typeof OpenClawError.fromBody>[0];
    };
    if (said.report) return said.report;
    if (said.error) throw OpenClawError.fromBody(said.error);
    onProgress(said.share ?? 0);
  }
  throw new OpenClawError('STREAM_DISCONNECTED', 'The server broke off. Try again.');
}

async function* linesOf(parts: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of parts) {
    const lines = (text + decoder.decode(part, { stream: true })).split('\n');
    text = lines.pop() ?? '';
    yield* lines;
  }
}
