import { createHmac, randomBytes } from 'node:crypto';
import { encodeId } from '@openclaw-runtime/kit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRunIds } from '../src/hall/run-ids.ts';

describe('ids of runs by key', () => {
  const secret = randomBytes(32);
  const runId = createRunIds(secret);
  const known = (tenant: string, key: string): string => encodeId(createHmac('sha256', secret).update(`${tenant}\n${key}`).digest());

  it('are the HMAC of the standard library', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', maxLength: 2_000 }), (tenant, key) => {
        expect(runId(tenant, key)).toBe(known(tenant, key));
      }),
    );
  });

  it('are right behind a longer one', () => {
    for (const key of ['short', 'é'.repeat(50_000), 'short', '']) expect(runId('default', key)).toBe(known('default', key));
  });

  it('take no secret that would have to be hashed first', () => {
    expect(() => createRunIds(randomBytes(65))).toThrow(/65 bytes/);
  });
});
