import type { Machine } from './world.ts';

/** Whether a server of ours answers at a WebSocket or HTTP address. */
export async function answers(url: string, machine: Pick<Machine, 'get'>, timeoutMs: number): Promise<boolean> {
  const target = new URL('/healthz', url.replace(/^ws/, 'http'));
  const answer = await machine.get(target.href, {}, timeoutMs);
  return 'status' in answer && answer.status === 200;
}

/** The address to connect to for a server that listens on `host`. */
export function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `ws://${reachable.includes(':') && !reachable.startsWith('[') ? `[${reachable}]` : reachable}:${port}`;
}
