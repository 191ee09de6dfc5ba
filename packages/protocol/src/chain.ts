/** The chain value of an empty log. */
export const CHAIN_START = 0;

/**
 * The running hash of a run: `chain(previous, record)` over the record's encoded text (PROTOCOL.md §4.3).
 *
 * 53 bits, so that it is a safe integer in JSON; two multiply-rotate lanes over the UTF-16 units. It finds truncation,
 * corruption and two writers. It is no defence against somebody who forges records.
 */
export function chain(previous: number, record: string): number {
  let a = (previous >>> 0) ^ 0x9e3779b9;
  let b = Math.floor(previous / 4294967296) ^ 0x5bd1e995;
  for (let i = 0; i < record.length; i++) {
    const unit = record.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x85ebca6b);
    b = Math.imul(b ^ unit, 0xc2b2ae35);
    b = (b << 13) | (b >>> 19);
  }
  a ^= record.length;
  a = Math.imul(a ^ (a >>> 16) ^ b, 0x7feb352d);
  b = Math.imul(b ^ (b >>> 15) ^ a, 0x846ca68b);
  a ^= a >>> 15;
  b ^= b >>> 16;
  return (b & 0x1fffff) * 4294967296 + (a >>> 0);
}
