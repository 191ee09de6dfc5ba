import type { Up } from '@openclaw-runtime/agent';

/**
 * What a thread said; `undefined` where any of it is nothing that threads say. Agents' code lives beside ours there and can write to its port. What it asks for is
 * judged by whoever answers.
 */
export function upsOf(said: unknown): readonly Up[] | undefined {
  return Array.isArray(said) && said.every(isUp) ? (said as readonly Up[]) : undefined;
}

function isUp(said: unknown): boolean {
  if (!isObject(said)) return false;
  switch (said['t']) {
    case 'loaded':
      return typeof said['agent'] === 'string' && isObject(said['card']);
    case 'unloadable':
      return typeof said['agent'] === 'string' && isError(said['error']);
    case 'ask':
      return isCount(said['id']) && isCount(said['n']) && isObject(said['request']);
    case 'done':
      return isCount(said['id']) && (said['value'] === undefined || typeof said['value'] === 'string');
    case 'failed':
      return isCount(said['id']) && isError(said['error']);
    case 'said':
      return isCount(said['id']) && typeof said['text'] === 'string' && isCount(said['dropped']);
    default:
      return false;
  }
}

function isError(body: unknown): boolean {
  return isObject(body) && typeof body['code'] === 'string' && typeof body['message'] === 'string';
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
