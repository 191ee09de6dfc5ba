import type { Tier } from '@openclaw-runtime/protocol';
import type { Fares, Health } from '../health/health.ts';
import type { RunWriter } from './writer.ts';

/** The tier that a run is in, as far as its log says; what changes it is written there. */
export class RunTier {
  readonly #health: Health;
  readonly #writer: RunWriter;
  readonly #agent: string;
  #said: Tier = 0;

  constructor(health: Health, writer: RunWriter, agent: string) {
    this.#health = health;
    this.#writer = writer;
    this.#agent = agent;
  }

  /** Before a model call: what makes it a static one, undefined where nothing does. */
  look(model: string): Fares | undefined {
    const fares = this.#health.staticFor(this.#agent, model);
    if (fares) this.#say(3, fares.of, fares.name, fares.why);
    return fares;
  }

  /** A new step begins, and nothing makes it a static one. */
  calm(): void {
    this.#say(0, 'run', '', 'nothing is wrong any more');
  }

  /** It goes on where an earlier owner left it, behind record `seq`, in this tier. */
  restored(seq: number, said: Tier = 0): void {
    this.#said = said;
    this.#say(2, 'run', '', `Its process ended. It goes on behind record ${seq}.`);
  }

  mayProbe(model: string): boolean {
    return this.#health.mayProbe(model);
  }

  isStatic(model: string): boolean {
    return this.#health.tierOf('model', model) === 3;
  }

  /** Asked in place of a model in tier 3, before that one's own fallbacks. */
  get substitute(): string | undefined {
    return this.#health.rules.model;
  }

  #say(tier: Tier, of: Fares['of'] | 'run', name: string, why: string): void {
    if (tier === this.#said) return;
    const from = this.#said;
    this.#said = tier;
    this.#writer.record('tier.changed', 0, 0, { tier, from, of, ...(name !== '' && { name }), why }, 'process');
  }
}
