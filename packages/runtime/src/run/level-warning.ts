import type { Leveled } from '@openclaw-runtime/model';
import type { RunWriter } from './writer.ts';

/** Puts into the log that a model does not think as hard as was wanted. With a `step`, so that it is none of the events that an operation tells and counts. */
export function recordLevel(writer: RunWriter, place: { readonly step: number; readonly model: string }, leveled: Leveled): void {
  const { wanted, sent, warning } = leveled;
  if (warning === undefined) return;
  const data = { warning, level: wanted, ...(sent !== undefined && { sent }), model: place.model, step: place.step };
  writer.record('event', 0, 0, { name: 'reasoning.warning', data, step: 'model' }, 'process');
}
