/** All that is posted in a tick goes as one array. */
export function createOutbox<T>(send: (messages: readonly T[]) => void): (message: T) => void {
  let waiting: T[] = [];
  const flush = (): void => {
    const messages = waiting;
    waiting = [];
    send(messages);
  };
  return (message) => {
    if (waiting.push(message) === 1) queueMicrotask(flush);
  };
}
