import type { Up } from '../port.ts';

/** What the thread has to say in a turn, as one array. */
export interface Outbox {
  push(up: Up): void;
  /** Without waiting for the end of the turn: the thread is about to go. */
  flush(): void;
}

/** `defer` calls back once, at the end of the turn. */
export function createOutbox(post: (ups: readonly Up[]) => void, defer: (fn: () => void) => void): Outbox {
  let ups: Up[] = [];
  const flush = (): void => {
    if (ups.length === 0) return;
    const all = ups;
    ups = [];
    post(all);
  };
  return {
    push(up) {
      const last = ups.at(-1);
      if (up.t === 'said' && last?.t === 'said' && last.id === up.id) {
        ups[ups.length - 1] = { ...up, text: last.text + up.text, dropped: last.dropped + up.dropped };
        return;
      }
      if (ups.push(up) === 1) defer(flush);
    },
    flush,
  };
}
