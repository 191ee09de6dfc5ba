import { type Clock, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Api } from '../commands/api.ts';
import { plainJson, plainLine } from '../commands/plain.ts';
import { type ServerOptions, withServer } from '../commands/server.ts';
import { createStyle } from '../commands/style.ts';
import type { Output, World } from '../commands/world.ts';
import type { Status } from '../house/status.ts';
import { cut } from './cut.ts';
import { linesOf } from './lines.ts';

export interface StatusOptions extends ServerOptions {
  readonly once?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

const EVERY_MS = 1_000;

/** Shows how a server is: once, or each second until it is interrupted. Resolves with the exit code. */
export function status({ once, watch, json = false, ...options }: StatusOptions, world: World): Promise<number> {
  const { out } = world;
  const style = createStyle(world, out, json);
  const shown = (now: Status): readonly string[] => (json ? [plainJson(now)] : linesOf(now, out.width, style));
  const isLive = out.isTty && !json;
  return withServer({ ...options, running: true }, world, async ({ api }) => {
    if (watch || (isLive && !once)) return follow(api, isLive ? createFrame(out) : createRoll(out), shown, world);
    out.write(`${shown(await api.status()).join('\n')}\n`);
    return 0;
  });
}

/** Where lines are put each second. */
interface Sink {
  put(lines: readonly string[]): void;
  end(): void;
}

async function follow(api: Pick<Api, 'status'>, sink: Sink, shown: (now: Status) => readonly string[], world: World): Promise<number> {
  const stopping = new AbortController();
  const release = world.onStop(() => stopping.abort());
  try {
    while (!stopping.signal.aborted) {
      sink.put(await api.status().then(shown, (error: unknown) => [cut(lostLine(error), world.out.width)]));
      await pause(world.clock, stopping.signal);
    }
    return 0;
  } finally {
    sink.end();
    release();
  }
}

/** A server that ends is waited for: it may be back in a moment. */
function lostLine(error: unknown): string {
  const { code, message } = OpenClawError.from(error);
  if (code !== 'STREAM_DISCONNECTED' && code !== 'SHUTTING_DOWN') throw error;
  return plainLine(`It does not answer: ${message}`);
}

async function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  await sleep(clock, EVERY_MS, signal).catch(() => undefined);
}

function createRoll(out: Output): Sink {
  return {
    put: (lines) => out.write(`${lines.join('\n')}\n`),
    end: () => undefined,
  };
}

/** Draws over what it drew before; the cursor is hidden meanwhile. */
function createFrame(out: Output): Sink {
  let rows = 0;
  return {
    put(lines) {
      const home = rows === 0 ? HIDE : `\u001b[${rows}A\r`;
      rows = lines.length;
      // In one piece, so that nothing flickers.
      out.write(`${home}${ERASE}${lines.join('\n')}\n`);
    },
    end: () => out.write(SHOW),
  };
}

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
const ERASE = '\u001b[J';
