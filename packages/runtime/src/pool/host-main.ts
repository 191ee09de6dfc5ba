// The entry of a host process: threads, and a pipe to the pool that they belong to. It ends with that pipe.
import { systemClock } from '@openclaw-runtime/kit';
import { createFrameReader, encodeFrames, MOST_TO_HOST } from './frames.ts';
import type { HostDown, HostUp } from './host-port.ts';
import type { Thread } from './thread.ts';
import { createWorkers, type WorkerOptions } from './worker.ts';

const PULSE_MS = 100;

serve(JSON.parse(process.argv[2] ?? '{}') as WorkerOptions);

function serve(options: WorkerOptions): void {
  const spawn = createWorkers(options);
  const threads = new Map<number, Thread>();
  const say = (message: HostUp): void => {
    for (const frame of encodeFrames(message)) process.stdout.write(frame);
  };

  const take = (message: HostDown): void => {
    const { n } = message;
    switch (message.t) {
      case 'spawn': {
        const thread = spawn(message.order, {
          heard: (messages) => say({ t: 'heard', n, messages }),
          ended(end) {
            threads.delete(n);
            say({ t: 'ended', n, end });
          },
        });
        threads.set(n, thread);
        return;
      }
      case 'post':
        return threads.get(n)?.post(message.messages);
      case 'end':
        return threads.get(n)?.end();
    }
  };

  const pulse = (): void => {
    const pulses = [...threads].map(([n, thread]) => ({
      n,
      // First: what it takes from here on is not known of in the rest.
      taken: thread.taken(),
      beats: thread.beats(),
      current: thread.current(),
      last: thread.last(),
      outsideMiB: thread.outsideMiB(),
    }));
    if (pulses.length > 0) say({ t: 'pulse', threads: pulses });
    systemClock.after(PULSE_MS, pulse);
  };

  process.stdin.on('data', createFrameReader<HostDown>(MOST_TO_HOST, take));
  // Not `exit`, which would wait for a thread in native code.
  process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL'));
  pulse();
}
