import { Agent, request } from 'node:http';
import { PROTOCOL_VERSION, SUBPROTOCOL } from '@openclaw-runtime/protocol';
import { WebSocket } from 'ws';
import { connectWith } from '../assistant.ts';
import type { HttpSpecimen } from './specimens.ts';

/** Sends one thing and resolves to what is wrong with the answer, if anything is. */
export interface Lane {
  send(text: string): Promise<string | undefined>;
  end(): void;
}

const PATIENCE_MS = 10_000;
/** Ends that a server may give to a connection whose words make no sense. */
const GOOD_CLOSES = new Set([1000, 1002, 1003, 1007, 1008, 1009, 4400, 4401, 4403, 4404, 4409, 4413, 4429]);

interface Kind {
  readonly protocols: readonly string[];
  /** Said first, and the pattern of the answer. Absent: what is sent is the first. */
  readonly first?: readonly [frame: object, answer: RegExp];
  /** Said behind each thing that is sent; its answer shows that the server has taken that. */
  readonly probe?: (n: number) => readonly [frame: object, answer: string];
}

export function socketLane(port: number, token: string): Lane {
  return socketOf(port, {
    protocols: [SUBPROTOCOL],
    first: [{ t: 'hello', v: PROTOCOL_VERSION, client: 'fuzz', token }, /"t":"welcome"/],
    probe: (n) => [{ t: 'attach', ch: 3_000_000 + n, run: 'x'.repeat(22) }, `"ch":${3_000_000 + n},`],
  });
}

export function helloLane(port: number): Lane {
  return socketOf(port, { protocols: [SUBPROTOCOL] });
}

export function assistantLane(port: number, token: string): Lane {
  return socketOf(port, {
    protocols: [],
    first: [{ type: 'req', id: 'connect', method: 'connect', params: connectWith(token) }, /"id":"connect"/],
    probe: (n) => [{ type: 'req', id: `probe-${n}`, method: 'system-presence', params: {} }, `"id":"probe-${n}"`],
  });
}

function socketOf(port: number, { protocols, first, probe }: Kind): Lane {
  let socket: WebSocket | undefined;
  let latest: WebSocket | undefined;
  let n = 0;
  let wrong: string | undefined;
  let hear: (text: string) => void = () => undefined;
  let gone: (code: number) => void = () => undefined;

  const dial = async (): Promise<WebSocket> => {
    const made = new WebSocket(`ws://127.0.0.1:${port}/`, [...protocols], { perMessageDeflate: false });
    latest = made;
    made.on('error', () => undefined);
    made.on('message', (data: Buffer) => {
      const text = data.toString();
      if (/"code":"(INTERNAL|UNAVAILABLE)"/.test(text)) wrong = text;
      hear(text);
    });
    made.on('close', (code) => {
      // One that was let go of says so late.
      if (latest !== made) return;
      socket = undefined;
      gone(code);
    });
    const open = Promise.withResolvers<void>();
    made.once('open', () => open.resolve());
    gone = (code) => open.reject(new Error(`closed with ${code} before it was open`));
    await open.promise;
    if (first) {
      const greeted = Promise.withResolvers<void>();
      hear = (text) => first[1].test(text) && greeted.resolve();
      gone = (code) => greeted.reject(new Error(`closed with ${code} at its first frame`));
      made.send(JSON.stringify(first[0]));
      await greeted.promise;
    }
    return made;
  };

  return {
    async send(text) {
      wrong = undefined;
      socket ??= await dial();
      const done = Promise.withResolvers<string | undefined>();
      const timer = setTimeout(() => done.resolve('no answer'), PATIENCE_MS);
      gone = (code) => done.resolve(GOOD_CLOSES.has(code) ? undefined : `closed with ${code}`);
      const asked = probe?.(++n);
      hear = (said) => {
        if (asked === undefined || said.includes(asked[1])) done.resolve(undefined);
      };
      socket.send(text);
      if (asked) socket.send(JSON.stringify(asked[0]));
      const verdict = await done.promise;
      clearTimeout(timer);
      if (!probe || n % 200 === 0) {
        gone = () => undefined;
        socket?.terminate();
        socket = undefined;
      }
      return verdict ?? wrong;
    },
    end: () => socket?.terminate(),
  };
}

/** As many at a time as there are callers. */
export function createHttp(port: number, token: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  return {
    send({ method, path }: HttpSpecimen, body: string | undefined, headers: Readonly<Record<string, string>>): Promise<string | undefined> {
      return new Promise((resolve) => {
        const own = { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers };
        const asked = request({ port, host: '127.0.0.1', agent, method, path, headers: own, timeout: PATIENCE_MS }, (response) => {
          const status = response.statusCode ?? 0;
          const isStream = /event-stream/.test(response.headers['content-type'] ?? '');
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part.slice(0, 500);
          });
          const end = (): void => resolve(status >= 500 ? `${status} ${text.slice(0, 300)}` : undefined);
          response.on('end', end).on('error', end);
          if (!isStream) return;
          end();
          response.destroy();
        });
        asked.on('timeout', () => {
          resolve('no answer');
          asked.destroy();
        });
        asked.on('error', (error: NodeJS.ErrnoException) =>
          resolve(error.code === 'ECONNRESET' ? undefined : `${error.code} ${error.message}`),
        );
        asked.end(body);
      });
    },
    end: () => agent.destroy(),
  };
}
