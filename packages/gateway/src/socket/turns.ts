/** Work of one connection that brings something to be held for its peer: a few at once, and none while the peer takes nothing. */
export interface Turns {
  /** Settles as the work does, once it had its turn. */
  take(work: () => Promise<void>): Promise<void>;
  /** There may be room again. */
  stir(): void;
  /** Work waits for the peer to take what it has. */
  readonly stalled: boolean;
}

export function createTurns(atOnce: number, hasRoom: () => boolean): Turns {
  let waiting: (() => Promise<void>)[] = [];
  let next = 0;
  let working = 0;

  const stir = (): void => {
    while (next < waiting.length && working < atOnce && hasRoom()) {
      const work = waiting[next++] as () => Promise<void>;
      working++;
      void work().finally(() => {
        working--;
        stir();
      });
    }
    if (next === waiting.length) {
      waiting = [];
      next = 0;
    }
  };

  return {
    take: (work) =>
      new Promise((resolve, reject) => {
        waiting.push(() => work().then(resolve, reject));
        stir();
      }),
    stir,
    get stalled() {
      return next < waiting.length && !hasRoom();
    },
  };
}
