import type { ServerResponse } from 'node:http';

/** For an answer that may take longer than a silent connection is given. Once all of it is said, whoever takes nothing of it for `stalledMs` is cut. */
export function takeTime(response: ServerResponse, stalledMs: number): void {
  const { socket } = response.req;
  socket.setTimeout(0);
  response.once('prefinish', () => socket.setTimeout(stalledMs));
}
