/** What is kept of a long output: its beginning and its end. */
export interface Kept {
  /** Bytes that came altogether. */
  readonly size: number;
  add(chunk: Uint8Array): void;
  text(): string;
}

/** Holds at most about `maxBytes`, whatever comes. */
export function createKept(maxBytes: number): Kept {
  const half = Math.ceil(maxBytes / 2);
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let size = 0;
  return {
    get size() {
      return size;
    },
    add(chunk) {
      size += chunk.length;
      const first = Math.min(chunk.length, half - head.length);
      if (first > 0) head = Buffer.concat([head, chunk.subarray(0, first)]);
      if (first < chunk.length) tail = lastBytes(Buffer.concat([tail, chunk.subarray(Math.max(first, chunk.length - half))]), half);
    },
    text() {
      const missing = size - head.length - tail.length;
      const decoder = new TextDecoder();
      if (missing === 0) return decoder.decode(Buffer.concat([head, tail]));
      return `${decoder.decode(head)}\n[cut: ${missing} bytes are not shown]\n${decoder.decode(tail)}`;
    },
  };
}

function lastBytes(bytes: Buffer<ArrayBuffer>, count: number): Buffer<ArrayBuffer> {
  return bytes.length > count ? Buffer.from(bytes.subarray(bytes.length - count)) : bytes;
}
