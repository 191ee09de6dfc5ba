import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { CURRENT, LAST } from '../thread-data.ts';
import type { Call } from './call.ts';

/** For whom code runs: a call, or a module that is being imported. */
export interface Owner {
  readonly id: number;
  readonly call?: Call;
}

/** Knows, wherever code runs, for whom: through promises, timers and callbacks. */
export interface Scope {
  run<R>(owner: Owner, fn: () => R): R;
  current(): Owner | undefined;
  /** Who is blamed for what happens to the thread now. */
  blame(id: number): void;
  close(): void;
}

/** Before anything runs, the id of its owner is written into `cells`, so that another thread can tell who holds this one. Costs 50 ns per await. */
export function openScope(cells: Int32Array): Scope {
  const storage = new AsyncLocalStorage<Owner>();
  const enter = (id: number): void => {
    cells[CURRENT] = id;
    if (id > 0) cells[LAST] = id;
  };
  const hook = createHook({
    before() {
      enter(storage.getStore()?.id ?? 0);
    },
  }).enable();
  return {
    run(owner, fn) {
      const before = cells[CURRENT] ?? 0;
      enter(owner.id);
      try {
        return storage.run(owner, fn);
      } finally {
        cells[CURRENT] = before;
      }
    },
    current: () => storage.getStore(),
    blame(id) {
      cells[CURRENT] = id;
    },
    close: () => void hook.disable(),
  };
}
