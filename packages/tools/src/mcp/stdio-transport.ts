import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { type Clock, sleep } from '@openclaw-runtime/kit';
import { createKept, type Kept } from '../process/kept.ts';
import { createLines } from '../process/lines.ts';
import type { Child, Ended } from '../process/port.ts';
import type { Sdk } from './sdk.ts';

/** A message that is longer ends the server. */
const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;
/** Time for a server to end by itself once its input has, and once more after it was asked to. */
const GRACE_MS = 1_000;
const STDERR_BYTES = 4 * 1024;

export interface StdioTransport extends Transport {
  /** The first and last things it said on standard error. */
  readonly stderr: Kept;
  readonly ended: Promise<Ended>;
}

/** MCP over the pipes of a child, one message a line. Unlike the SDK's, it ends the child's whole group and gives it no more of the environment than it is told to. */
export function createStdioTransport(sdk: Sdk, child: Child, clock: Clock): StdioTransport {
  const lines = createLines(MAX_MESSAGE_BYTES);
  const stderr = createKept(STDERR_BYTES);
  const transport: StdioTransport = {
    stderr,
    ended: child.ended,
    async start() {
      void drain(child.stderr, (chunk) => stderr.add(chunk));
      void drain(child.stdout, (chunk) => {
        for (const line of lines.add(chunk)) {
          const message = messageOf(sdk, line);
          if (message) transport.onmessage?.(message);
        }
      }).catch((error: unknown) => {
        transport.onerror?.(error as Error);
        child.kill('now');
      });
      void child.ended.then(() => transport.onclose?.());
    },
    send: (message) => child.write(sdk.serializeMessage(message)),
    async close() {
      child.endInput();
      if (await endsWithin(child, clock)) return;
      child.kill('gently');
      if (await endsWithin(child, clock)) return;
      child.kill('now');
      await child.ended;
    },
  };

  return transport;
}

/** Nothing for lines that are no message: what some servers print by mistake. */
function messageOf(sdk: Sdk, line: string): JSONRPCMessage | undefined {
  try {
    return sdk.deserializeMessage(line);
  } catch {
    return undefined;
  }
}

async function drain(pipe: AsyncIterable<Uint8Array>, each: (chunk: Uint8Array) => void): Promise<void> {
  const chunks = pipe[Symbol.asyncIterator]();
  for (;;) {
    // A pipe that breaks has ended; what `each` throws is told.
    const read = await chunks.next().catch(() => undefined);
    if (!read || read.done) return;
    each(read.value);
  }
}

async function endsWithin(child: Child, clock: Clock): Promise<boolean> {
  const stop = new AbortController();
  const late = sleep(clock, GRACE_MS, stop.signal).then(
    () => false,
    () => false,
  );
  const ended = await Promise.race([child.ended.then(() => true), late]);
  stop.abort();
  return ended;
}
