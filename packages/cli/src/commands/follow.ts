import type { Run } from '@openclaw-runtime/client';
import { narrate } from './narrate.ts';
import { createPrinter } from './printer.ts';
import { questionLines } from './question.ts';
import type { Server } from './server.ts';
import { shortId } from './short-id.ts';
import type { World } from './world.ts';

/** The exit code after an interrupt. */
export const INTERRUPTED = 130;

export interface FollowOptions {
  readonly json?: boolean | undefined;
  /** Default true: print the answer as it comes. */
  readonly stream?: boolean | undefined;
  /** Also what only says how far an operation is. */
  readonly details?: boolean;
  /** What the first interrupt does to the run; the second one leaves at once. */
  readonly onInterrupt: 'cancel' | 'detach';
}

/** Prints one run to its end. Resolves with the exit code. `begin` is called when everything listens. */
export async function followRun(server: Server, begin: () => Run, options: FollowOptions, world: World): Promise<number> {
  const { json = false, stream = true, details = false, onInterrupt } = options;
  const client = await server.client();
  const printer = createPrinter(world, json);
  client.on('reconnect', (attempt) => printer.note(`the server is gone, connecting again (attempt ${attempt})`));
  client.on('reconnected', () => printer.note('connected again, the answer goes on'));
  await server.connect();

  const run = begin();
  printer.wait();
  const interrupt = interruptible(run, onInterrupt, world);
  try {
    await narrate(run, printer, {
      text: stream,
      details,
      asked(approval) {
        printer.block(questionLines(approval, printer.width));
        printer.note(`it waits for the answer: claw runs approve ${shortId(run.id)}`);
      },
      paused({ scope, name }) {
        const isOwn = scope === 'run' || scope === 'task';
        const what = isOwn ? shortId(run.id) : name === '' || scope === 'day' ? scope : `${scope}:${name}`;
        printer.note(`it waits for its budget: claw budget add ${what} --usd 1`);
      },
    });
    const result = await run.result();
    if (!stream && !json) printer.text(result.text, 1);
    printer.end(run.id, result);
    if (interrupt.happened()) return INTERRUPTED;
    return result.status === 'completed' ? 0 : 1;
  } catch (error) {
    if (!interrupt.happened()) throw error;
    printer.note('the run goes on');
    return INTERRUPTED;
  } finally {
    interrupt.release();
    printer.stop();
  }
}

function interruptible(run: Run, deed: 'cancel' | 'detach', world: World): { happened(): boolean; release(): void } {
  let stops = 0;
  const release = world.onStop(() => {
    if (++stops > 1) return world.exit(INTERRUPTED);
    if (deed === 'detach') run.detach();
    else run.cancel().catch(() => world.exit(INTERRUPTED));
  });
  return { happened: () => stops > 0, release };
}
