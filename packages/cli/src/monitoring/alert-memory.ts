import type { AlertState, FiringAlert } from '@openclaw-runtime/metrics';
import type { State } from '@openclaw-runtime/store';

/** What is told of an alert; equal ids are the same message told twice, as after a kill. */
export interface AlertMessage {
  readonly id: string;
  readonly alert: string;
  readonly phase: string;
}

/** What outlives the process of the alerts that somebody is told of: which fire, and what was not told yet. */
export interface AlertMemory {
  readonly firing: readonly FiringAlert[];
  readonly untold: readonly AlertMessage[];
  /** Resolves when it is known that this is to be told; where the store does not write, too. */
  changed(state: AlertState, message: AlertMessage): Promise<void>;
  /** It was told, or given up. */
  told(message: AlertMessage): void;
}

interface Kept {
  readonly firing: readonly FiringAlert[];
  readonly untold: readonly AlertMessage[];
}

const PLACE = ['_house', 'alerts'] as const;
/** The oldest are forgotten. */
const MOST_UNTOLD = 100;

/** `failed` hears of a write that did not succeed. */
export async function openAlertMemory(state: State, failed: (error: unknown) => void): Promise<AlertMemory> {
  const found = await state.get(...PLACE);
  let rev = found?.rev ?? 0;
  let kept: Kept = found ? (JSON.parse(found.value) as Kept) : { firing: [], untold: [] };
  let writing: Promise<void> = Promise.resolve();

  /** Each write has what is so when it begins. */
  const write = (): Promise<void> => {
    writing = writing.then(async () => {
      try {
        rev = await state.put(...PLACE, JSON.stringify(kept), rev);
      } catch (error) {
        failed(error);
      }
    });
    return writing;
  };

  return {
    firing: kept.firing,
    untold: kept.untold,
    changed({ alert, phase, sinceMs }, message) {
      const others = kept.firing.filter((each) => each.alert !== alert);
      const firing = phase === 'firing' ? [...others, { alert, sinceMs }] : others;
      kept = { firing, untold: [...kept.untold, message].slice(-MOST_UNTOLD) };
      return write();
    },
    told({ id }) {
      kept = { ...kept, untold: kept.untold.filter((each) => each.id !== id) };
      void write();
    },
  };
}
