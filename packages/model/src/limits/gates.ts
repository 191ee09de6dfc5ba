import type { Clock } from '@openclaw-runtime/kit';
import type { OpenClawError } from '@openclaw-runtime/protocol';
import { type ResolvedLimits, UNLIMITED } from './call-limits.ts';
import { createGate, type Gate } from './gate.ts';

/** The gates that the configuration asks for, made once: their number does not grow with the names that callers make up. */
export interface Gates {
  /** `undefined` where nothing is limited. */
  of(target: Target): Gate | undefined;
  /** What is counted goes on being counted where there were limits before. */
  change(models: Limited, providers: Limited): void;
  close(error: OpenClawError): void;
}

/** A call's model as far as the gates know it: by the name that the configuration has for it, if any. */
interface Target {
  readonly model?: string;
  readonly provider: string;
}

type Limited = Iterable<readonly [name: string, limits: ResolvedLimits | undefined]>;

/** A model with limits of its own has its own gate; all other models of a provider share the provider's. */
export function createGates(models: Limited, providers: Limited, clock: Clock): Gates {
  const ofModel = build('model', models, clock);
  const ofProvider = build('provider', providers, clock);
  return {
    change(nextModels, nextProviders) {
      change(ofModel, 'model', nextModels, clock);
      change(ofProvider, 'provider', nextProviders, clock);
    },
    of: ({ model, provider }) => (model === undefined ? undefined : ofModel.get(model)) ?? ofProvider.get(provider),
    close(error) {
      for (const gate of [...ofModel.values(), ...ofProvider.values()]) gate.close(error);
    },
  };
}

function build(what: string, limited: Limited, clock: Clock): Map<string, Gate> {
  const gates = new Map<string, Gate>();
  for (const [name, limits] of limited) if (limits) gates.set(name, createGate(`The ${what} "${name}"`, limits, clock));
  return gates;
}

function change(gates: Map<string, Gate>, what: string, limited: Limited, clock: Clock): void {
  const next = new Map(limited);
  for (const [name, gate] of gates) {
    const limits = next.get(name);
    gate.change(limits ?? UNLIMITED);
    // Others may have to go by the limits of the provider from here on.
    if (!limits) gates.delete(name);
  }
  for (const [name, limits] of next) if (limits && !gates.has(name)) gates.set(name, createGate(`The ${what} "${name}"`, limits, clock));
}
