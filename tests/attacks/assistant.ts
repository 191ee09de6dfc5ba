import { WebSocket } from 'ws';

/** A client of OpenClaw's gateway protocol that says what it likes. */
export interface Assistant {
  /** Answers with the frame, whichever it is. Rejects when the socket closes before. */
  ask(method: string, params?: object): Promise<Answered>;
  readonly closed: Promise<number>;
  end(): void;
}

export interface Answered {
  readonly ok: boolean;
  readonly payload?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> };
}

interface Frame extends Answered {
  readonly type: string;
  readonly id?: string;
}

/** Resolves when it is greeted; it has not connected yet. */
export async function dialAssistant(port: number): Promise<Assistant> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  const waiting = new Map<string, (frame: Frame | undefined) => void>();
  let count = 0;
  const greeted = Promise.withResolvers<void>();
  socket.on('error', greeted.reject);
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as Frame;
    greeted.resolve();
    if (frame.type !== 'res') return;
    waiting.get(frame.id ?? '')?.(frame);
    waiting.delete(frame.id ?? '');
  });
  const closed = new Promise<number>((resolve) => {
    socket.on('close', (code) => {
      for (const settle of waiting.values()) settle(undefined);
      resolve(code);
    });
  });
  await greeted.promise;
  return {
    closed,
    end: () => socket.terminate(),
    async ask(method, params = {}) {
      const id = `${++count}`;
      const answer = new Promise<Frame | undefined>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ type: 'req', id, method, params }));
      const frame = await answer;
      if (!frame) throw new Error(`closed before ${method} was answered`);
      return frame;
    },
  };
}

/** What `connect` is asked with. */
export function connectWith(token: string | undefined, scopes?: readonly string[]): object {
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: 'gateway-client', version: '1', platform: 'linux', mode: 'backend' },
    role: 'operator',
    caps: [],
    ...(scopes && { scopes }),
    ...(token !== undefined && { auth: { token } }),
  };
}
