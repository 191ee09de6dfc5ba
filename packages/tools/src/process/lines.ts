export interface Lines {
  /** The lines that the chunk completes, without their ends. Throws when one that is not complete has more than the limit. */
  add(chunk: Uint8Array): readonly string[];
}

/** Cuts a stream of bytes into lines. Each byte is looked at once, however long a line gets. */
export function createLines(maxBytes: number): Lines {
  let parts: Uint8Array[] = [];
  let size = 0;
  return {
    add(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        lines.push(Buffer.concat([...parts, chunk.subarray(from, end)]).toString());
        parts = [];
        size = 0;
        from = end + 1;
      }
      parts.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > maxBytes) throw new Error(`a line has more than ${maxBytes} bytes`);
      return lines;
    },
  };
}
