/** Chance as a dependency, like {@link Clock}. */
export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** `n` unguessable bytes (system) or reproducible ones (seeded). */
  bytes(n: number): Uint8Array;
}

export const systemRandom: Random = {
  float: () => Math.random(),
  bytes: (n) => crypto.getRandomValues(new Uint8Array(n)),
};

/** The same numbers for the same seed, for tests and simulations (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const float = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
  return {
    float,
    bytes: (n) => Uint8Array.from({ length: n }, () => Math.floor(float() * 256)),
  };
}
