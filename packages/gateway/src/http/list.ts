import { OpenClawError, type Status } from '@openclaw-runtime/protocol';
import type { ListQuery } from '@openclaw-runtime/store';

const STATUSES: readonly Status[] = ['running', 'completed', 'cancelled', 'failed', 'timed_out', 'needs_attention', 'budget_exhausted'];
const MAX_LIMIT = 1_000;

/** What `GET /v1/runs` is asked for: `limit` (20, at most 1000), `before`, `status`, `prefix`. Throws `BAD_REQUEST`. */
export function parseListQuery({ searchParams }: URL): ListQuery {
  const before = countOf(searchParams, 'before', Number.MAX_SAFE_INTEGER);
  const status = searchParams.get('status') ?? undefined;
  const prefix = searchParams.get('prefix') ?? undefined;
  if (status !== undefined && !isStatus(status)) throw new OpenClawError('BAD_REQUEST', `status: one of ${STATUSES.join(', ')}.`);
  if (prefix !== undefined && !/^[A-Za-z0-9_-]{1,22}$/.test(prefix))
    throw new OpenClawError('BAD_REQUEST', 'prefix: 1 to 22 characters of a run’s id.');
  return {
    limit: countOf(searchParams, 'limit', MAX_LIMIT) ?? 20,
    ...(before === undefined ? {} : { before }),
    ...(status === undefined ? {} : { status }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

function countOf(params: URLSearchParams, name: string, max: number): number | undefined {
  const text = params.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= 1 && value <= max) return value;
  throw new OpenClawError('BAD_REQUEST', `${name}: a whole number from 1 to ${max}.`);
}

function isStatus(text: string): text is Status {
  return (STATUSES as readonly string[]).includes(text);
}
