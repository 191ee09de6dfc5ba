import type { LanguageModelV4 } from '@ai-sdk/provider';

/** Makes a model of a provider's package by its name there. */
export type MakeModel = (name: string) => LanguageModelV4;

/** Models kept: making one costs more than asking it, and callers may make up any number of names. */
const KEPT = 1_000;

/** The models of one provider, made at their first call, and anew when its secrets change. */
export interface Models<S> {
  of(name: string, secrets: S): Promise<LanguageModelV4>;
}

/** `load` is called for the first model, and again for other secrets or when it failed. */
export function createModels<S extends readonly (string | undefined)[]>(load: (secrets: S) => Promise<MakeModel>): Models<S> {
  let held: { readonly secrets: S; readonly make: Promise<MakeModel>; readonly models: Map<string, LanguageModelV4> } | undefined;
  return {
    async of(name, secrets) {
      if (held === undefined || !same(held.secrets, secrets)) held = { secrets, make: load(secrets), models: new Map() };
      const { make, models } = held;
      const known = models.get(name);
      if (known) return known;
      try {
        const made = (await make)(name);
        if (models.size >= KEPT) models.clear();
        models.set(name, made);
        return made;
      } catch (error) {
        // What is missing may have been installed in the meantime.
        if (held?.make === make) held = undefined;
        throw error;
      }
    },
  };
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
