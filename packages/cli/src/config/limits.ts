import { z } from 'zod';
import type { LimitSettings } from './config.ts';
import { bytes, count, duration } from './field.ts';

const MILLION = 1_000_000;

const rules = z
  .strictObject({
    connections: count(1, MILLION).exactOptional(),
    messagesPerSecond: count(1, MILLION).exactOptional(),
    bytesPerSecond: bytes.exactOptional(),
    runsPerSecond: count(1, MILLION).exactOptional(),
    concurrentRuns: count(1, MILLION).exactOptional(),
  })
  .exactOptional();

export const limitsSchema = z.strictObject({
  maxConcurrentRuns: count(1, MILLION).exactOptional(),
  maxConnections: count(1, MILLION).exactOptional(),
  attempts: count(1, 1_000).exactOptional(),
  regeneratedChars: count(0, 1_000 * MILLION).exactOptional(),
  noProgressAttempts: count(1, 1_000).exactOptional(),
  runMs: duration.exactOptional(),
  parkAfterMs: duration.exactOptional(),
  budgetWaitMs: duration.exactOptional(),
  maxWait: duration.exactOptional(),
  memory: bytes.exactOptional(),
  perKey: rules,
  perTenant: rules,
  perAddress: rules,
});

const LIMITS: LimitSettings = {
  maxConcurrentRuns: 20_000,
  maxConnections: 10_000,
  attempts: 50,
  regeneratedChars: 1_000_000,
  noProgressAttempts: 5,
  runMs: 3_600_000,
  parkAfterMs: 10_000,
  budgetWaitMs: 24 * 3_600_000,
  maxWaitMs: 250,
};

export function limitsOf({ maxWait, memory, ...limits }: z.output<typeof limitsSchema> = {}): LimitSettings {
  return {
    ...LIMITS,
    ...limits,
    ...(maxWait !== undefined && { maxWaitMs: maxWait }),
    ...(memory !== undefined && { memoryBytes: memory }),
  };
}
