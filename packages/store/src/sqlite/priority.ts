import type { Clock } from '@openclaw-runtime/kit';
import type { Request } from './messages.ts';

/** Milliseconds of reading that a request of another kind may have before it. */
const READING_MS = 2;

/**
 * The order of the thread's work: pages are read when nothing else is asked for, so that many cold readers hold up no commit; and for a moment after each
 * other request, so that a store that commits without a break still reads. `next` gives what has come meanwhile.
 */
export function createPriority(
  reply: (request: Request) => void,
  clock: Pick<Clock, 'now'>,
): (request: Request, next: () => Request | undefined) => void {
  let loads: Request[] = [];
  let read = 0;

  const take = (request: Request): void => {
    if (request.op === 'load') loads.push(request);
    else {
      if (request.op === 'close') while (read < loads.length) reply(loads[read++] as Request);
      reply(request);
    }
  };

  return (request, next) => {
    take(request);
    for (let until = clock.now() + READING_MS; read < loads.length; ) {
      reply(loads[read++] as Request);
      if (clock.now() < until && read < loads.length) continue;
      for (let other = next(); other; other = next()) take(other);
      until = clock.now() + READING_MS;
    }
    loads = [];
    read = 0;
  };
}
