import type { Leveled } from '@openclaw-runtime/model';
import type { RunWriter } from './writer.ts';

/** What was said of levels in one piece of work, of which each warning is said once for each model, however often it is asked. */
export class ToldLevels {
  #told: Set<string> | undefined;

  /** Whether there is a warning that was not said before. */
  isNews(model: string, { warning }: Leveled): boolean {
    if (warning === undefined) return false;
    const told = (this.#told ??= new Set());
    const before = told.size;
    return told.add(JSON.stringify([model, warning])).size > before;
  }
}

/** Puts into the log that a model does not think as hard as was wanted. With a `step`, so that it is none of the events that an operation tells and counts. */
export function recordLevel(writer: RunWriter, place: { readonly step: number; readonly model: string }, leveled: Leveled): void {
  const { wanted, sent, warning } = leveled;
  if (warning === undefined) return;
  const data = { warning, level: wanted, ...(sent !== undefined && { sent }), model: place.model, step: place.step };
  writer.record('event', 0, 0, { name: 'reasoning.warning', data, step: 'model' }, 'process');
}
