import { seededRandom } from '@openclaw-runtime/kit';
import type { Cut, Fate } from './proxy.ts';

/** What happens to the connections of case `n`, by their number; a pure function of the seed. */
export type Fates = (seed: number, n: number) => (connection: number) => Fate;

/** Torn at a byte of the handshake, of the first frames or of the stream, by RST or FIN. */
export const tearing: Fates = (seed, n) => {
  const random = randomOf(seed, n);
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const fates = Array.from({ length: 1 + below(4) }, (): Fate => {
    const toward = below(4) === 0 ? 'server' : 'client';
    const bytes = toward === 'server' ? below(700) : ([below(400), 200 + below(1_000), 400 + below(8_000)][below(3)] as number);
    return { cut: { toward, bytes, how: (['reset', 'fin', 'half'] as const)[below(3)] as Cut } };
  });
  return (connection) => fates[connection] ?? {};
};

/** Late and unevenly late, in small pieces, with connections that the server keeps while the client has another, and requests that come twice. */
export const delaying: Fates = (seed, n) => {
  const random = randomOf(seed, n);
  const below = (limit: number): number => Math.floor(random.float() * limit);
  const fates = Array.from({ length: 1 + below(3) }, (): Fate => {
    const [least, jitter] = [below(30), below(120)];
    const waits = Array.from({ length: 64 }, () => least + below(jitter + 1));
    // Then in time: a wire of single bytes, each of them late, would take minutes for an answer.
    const late: Fate = { delayMs: (piece) => waits[piece] ?? 0 };
    const toward = below(3) === 0 ? 'server' : 'client';
    const bytes = toward === 'server' ? 200 + below(500) : 300 + below(3_000);
    return {
      ...(below(4) > 0 ? late : {}),
      ...(below(3) === 0 ? { pieceBytes: 1 + below(90) * 4 } : {}),
      ...(below(4) > 0 ? { cut: { toward, bytes, how: (['orphan', 'orphan', 'half', 'reset'] as const)[below(4)] as Cut } } : {}),
      ...(below(2) === 0 ? { repeatsLate: true } : {}),
    };
  });
  return (connection) => fates[connection] ?? {};
};

function randomOf(seed: number, n: number) {
  return seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca6b));
}
