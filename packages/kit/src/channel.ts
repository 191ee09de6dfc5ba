/**
 * An async queue with one reader: `push` on one side, `for await` on the other. Ending it lets the reader drain what is
 * there; failing it does the same and then throws. Leaving the loop early calls `onReturn`.
 */
export interface Channel<T> extends AsyncIterable<T> {
  push(item: T): void;
  end(): void;
  fail(error: unknown): void;
}

/** It ends with the error, where there is one. */
type Ending = { readonly error?: unknown };

export function createChannel<T>(onReturn?: () => void): Channel<T> {
  let items: T[] = [];
  let read = 0;
  let ending: Ending | undefined;
  let wake: (() => void) | undefined;

  const stir = (): void => {
    wake?.();
    wake = undefined;
  };
  const finish = (how: Ending): void => {
    ending ??= how;
    stir();
  };

  async function* iterate(): AsyncGenerator<T, void, undefined> {
    try {
      for (;;) {
        while (read < items.length) yield items[read++] as T;
        items = [];
        read = 0;
        if (ending && 'error' in ending) throw ending.error;
        if (ending) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      onReturn?.();
    }
  }

  return {
    push(item) {
      if (ending) return;
      items.push(item);
      stir();
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    [Symbol.asyncIterator]: iterate,
  };
}
