import { createInterface } from 'node:readline';
import type { ReadStream } from 'node:tty';
import type { Input } from '../commands/world.ts';

/** What people type or pipe into this process. */
export function createInput(stdin: NodeJS.ReadStream): Input {
  return {
    isTty: stdin.isTTY ?? false,
    async read() {
      let text = '';
      for await (const part of stdin.setEncoding('utf8')) text += part as string;
      return text;
    },
    lines: () => createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY }),
    keys(listen) {
      const terminal = stdin as ReadStream;
      const heard = (data: string): void => listen(data);
      const ended = (): void => listen(undefined);
      terminal.setRawMode(true);
      stdin.setEncoding('utf8').on('data', heard).once('end', ended);
      stdin.resume();
      return () => {
        stdin.off('data', heard).off('end', ended);
        stdin.pause();
        terminal.setRawMode(false);
      };
    },
  };
}
