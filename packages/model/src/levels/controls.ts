import { type Control, controlOf } from './control.ts';
import { checkStyle, type LevelApi, type ReasoningStyle } from './dialect.ts';

/** Names kept; callers may make up any number of them. */
const KEPT = 1_000;

/** A model, as the catalogue has it. */
export interface Levelled {
  /** At the provider. */
  readonly name: string;
  /** In the configuration, where it is there. */
  readonly model?: string;
  readonly reasoning?: ReasoningStyle | undefined;
}

/** What can be done about the thinking of one provider's models. */
export interface Controls {
  /** A model's own configuration counts before the provider's. Throws `BAD_CONFIG` where it cannot be said at this API. */
  of(target: Levelled): Control;
}

export function createControls(api: LevelApi, url: string | undefined, ofProvider: ReasoningStyle | undefined): Controls {
  const known = new Map<string, Control>();
  return {
    of({ name, model = name, reasoning }) {
      const key = `${reasoning ?? ''} ${name}`;
      const kept = known.get(key);
      if (kept) return kept;
      checkStyle(`models.${model}`, api, reasoning);
      const control = controlOf({ api, url, model: name, style: reasoning ?? ofProvider });
      if (known.size >= KEPT) known.clear();
      known.set(key, control);
      return control;
    },
  };
}
