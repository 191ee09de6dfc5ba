import type { RetentionRules, RetentionSettings } from './config.ts';
import type { FileConfig } from './schema.ts';

type FileRetention = NonNullable<FileConfig['retention']>;

const COMPACT_AFTER_MS = 3_600_000;

/** A tenant's times are the general ones where it names none; `maxBytes` is each for itself, since the general one is about the whole store. */
export function retentionOf({ tenants = {}, maxBytes, ...times }: FileRetention = {}): RetentionSettings {
  const own = Object.entries(tenants).map(([name, rules]) => [name, rulesOf({ ...times, ...rules })] as const);
  return { ...rulesOf({ ...times, ...(maxBytes === undefined ? {} : { maxBytes }) }), tenants: Object.fromEntries(own) };
}

function rulesOf({ compactAfter, deleteAfter, maxBytes }: Omit<FileRetention, 'tenants'>): RetentionRules {
  return {
    compactAfterMs: compactAfter ?? COMPACT_AFTER_MS,
    ...(deleteAfter === undefined || deleteAfter === Number.POSITIVE_INFINITY ? {} : { deleteAfterMs: deleteAfter }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}
