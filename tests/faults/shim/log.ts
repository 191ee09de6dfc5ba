/** One operation of a process under the shim, in the order in which they ended. Paths are whole. */
export type Operation =
  | { readonly kind: 'started' | 'closed'; readonly fd: number }
  | { readonly kind: 'opened'; readonly fd: number; readonly path: string; readonly flags: number; readonly existed: boolean }
  | { readonly kind: 'written'; readonly fd: number; readonly at: number; readonly data: Buffer }
  | { readonly kind: 'synced'; readonly fd: number; readonly failed: boolean }
  | { readonly kind: 'cut'; readonly fd: number; readonly size: number }
  | { readonly kind: 'unlinked'; readonly path: string }
  | { readonly kind: 'renamed'; readonly from: string; readonly to: string }
  | { readonly kind: 'mark'; readonly text: string };

const HEAD = 24;

/** Reads what shim.c wrote. What a kill left of an operation is none. */
export function parseLog(bytes: Buffer): Operation[] {
  const operations: Operation[] = [];
  for (let at = 0; at + HEAD <= bytes.length; ) {
    const length = bytes.readUInt32LE(at + 16);
    const end = at + HEAD + length;
    if (end > bytes.length) break;
    operations.push(operationOf(bytes.subarray(at, at + HEAD), bytes.subarray(at + HEAD, end)));
    at = end;
  }
  return operations;
}

/** Bytes of whole operations at the start: what follows them a kill left of one. */
export function wholeLength(bytes: Buffer): number {
  let at = 0;
  for (let end = HEAD; end <= bytes.length; end = at + HEAD) {
    end += bytes.readUInt32LE(at + 16);
    if (end > bytes.length) break;
    at = end;
  }
  return at;
}

function operationOf(head: Buffer, data: Buffer): Operation {
  const kind = head.readUInt32LE(0);
  const fd = head.readInt32LE(4);
  const at = Number(head.readBigInt64LE(8));
  const result = head.readInt32LE(20);
  switch (kind) {
    case 1:
      return { kind: 'opened', fd, path: data.toString(), flags: at, existed: result === 1 };
    case 2:
      return { kind: 'written', fd, at, data };
    case 3:
      return { kind: 'synced', fd, failed: result !== 0 };
    case 4:
      return { kind: 'cut', fd, size: at };
    case 5:
      return { kind: 'closed', fd };
    case 6:
      return { kind: 'unlinked', path: data.toString() };
    case 7: {
      const [from = '', to = ''] = data.toString().split('\0');
      return { kind: 'renamed', from, to };
    }
    case 8:
      return { kind: 'mark', text: data.toString() };
    case 9:
      return { kind: 'started', fd };
    default:
      throw new Error(`the log has an operation of kind ${kind}`);
  }
}
