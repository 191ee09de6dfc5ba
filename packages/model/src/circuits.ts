import type { Clock } from '@openclaw-runtime/kit';
import { type Circuit, type CircuitLimits, createCircuit } from './circuit.ts';

/** Callers may name any model, so the number kept is bounded; the oldest go first. */
const KEPT = 1_000;

/** One circuit per provider and model. */
export interface Circuits {
  of(provider: string, model: string, limits: CircuitLimits): Circuit;
}

export function createCircuits(clock: Clock): Circuits {
  const circuits = new Map<string, Circuit>();
  return {
    of(provider, model, limits) {
      const key = `${provider}\n${model}`;
      const known = circuits.get(key);
      if (known) return known;
      if (circuits.size >= KEPT) circuits.delete(circuits.keys().next().value as string);
      const circuit = createCircuit(`The model "${model}" of provider "${provider}"`, limits, clock);
      circuits.set(key, circuit);
      return circuit;
    },
  };
}
