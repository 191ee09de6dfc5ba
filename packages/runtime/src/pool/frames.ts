import { OpenClawError } from '@openclaw-runtime/protocol';
import type { HostDown, HostUp } from './host-port.ts';

/** One message as it goes through a pipe: four bytes of length, then JSON. */
export function encodeFrame(message: unknown): Uint8Array {
  const text = Buffer.from(JSON.stringify(message));
  const frame = Buffer.allocUnsafe(text.length + 4);
  frame.writeUInt32BE(text.length, 0);
  text.copy(frame, 4);
  return frame;
}

/** The same for what has messages of threads in it: where it is large, each of them goes alone. */
export function encodeFrames(message: HostDown | HostUp): readonly Uint8Array[] {
  const whole = encodeFrame(message);
  if (whole.length <= LARGE || !('messages' in message)) return [whole];
  return message.messages.map((one) => encodeFrame({ ...message, messages: [one] }));
}

const LARGE = 4 << 20;
/** Bytes that a host may say in one message: a state has 16 MiB of characters at most. */
export const MOST_FROM_HOST: number = 64 << 20;
/** Bytes that it may be told: an operation begins with all that it did since its last checkpoint. */
export const MOST_TO_HOST: number = 512 << 20;

/** Takes bytes as they come and gives whole messages. Throws `BAD_FRAME` at what is none. */
export function createFrameReader<T>(maxBytes: number, onMessage: (message: T) => void): (chunk: Uint8Array) => void {
  let parts: Uint8Array[] = [];
  let have = 0;
  let need = 4;
  let body = false;
  return (chunk) => {
    parts.push(chunk);
    have += chunk.length;
    while (have >= need) {
      const all = parts.length === 1 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat(parts);
      const frame = all.subarray(0, need);
      parts = [all.subarray(need)];
      have -= need;
      chunk = parts[0] as Uint8Array;
      if (body) onMessage(parse<T>(frame.toString()));
      need = body ? 4 : frame.readUInt32BE(0);
      body = !body;
      if (need > maxBytes) throw new OpenClawError('BAD_FRAME', `A message of ${need} bytes came through a host's pipe.`);
    }
  };
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new OpenClawError('BAD_FRAME', 'What came through a host’s pipe is no JSON.', { cause: error });
  }
}
