import type { OpenClawClient, Run } from '@openclaw-runtime/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Line, wireOf } from './transcript.ts';

/** Writes down every event, and returns what follows one run to its end. */
export function tellAll(client: OpenClawClient, write: (line: Line) => void) {
  client.on('token', (text, { run, seq }) => write({ t: 'token', run, seq, text }));
  client.on('thinking', (text, { run, seq }) => write({ t: 'thinking', run, seq, text }));
  client.on('rewind', (rewind) => write({ t: 'rewind', ...rewind }));

  return async (run: Run, i: number): Promise<void> => {
    try {
      write({ t: 'started', i, run: await run.started });
      for await (const item of run) {
        const { epoch = 0, h = 0 } = run.cursor ?? {};
        if (item.kind === 'snapshot') write({ t: 'snapshot', i, epoch, seq: item.seq });
        else write({ t: 'record', i, epoch, seq: item.seq, h, wire: wireOf(item) });
      }
      const { status, text } = await run.result();
      write({ t: 'ended', i, status, text });
    } catch (error) {
      const { code, message } = OpenClawError.from(error);
      write({ t: 'failed', i, code, message });
    }
  };
}
