import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import type { Folder, HttpAnswer, HttpRequest, World } from '../src/commands/world.ts';
import type { Config } from '../src/config/config.ts';
import type { House } from '../src/house/house.ts';
import { createDataTools } from '../src/machine/data-tools.ts';

/** A world of which the test decides everything, and which remembers what was printed. */
export interface FakeWorld extends World {
  readonly env: Record<string, string>;
  readonly files: Record<string, string>;
  /** Answers of the machine's HTTP, by address; anything else is refused. */
  readonly web: Record<string, number>;
  readonly asked: { readonly url: string; readonly headers: Readonly<Record<string, string>> }[];
  readonly sent: ({ readonly url: string } & HttpRequest)[];
  /** What is piped in. */
  piped: string;
  answer: (url: string, request: HttpRequest) => HttpAnswer;
  /** At the keyboard; `undefined` is its end. */
  type(data: string | undefined): void;
  /** Those that are installed. */
  readonly packages: Set<string>;
  readonly taken: Set<number>;
  readonly exits: number[];
  folderIs: Folder;
  nodeIs: string;
  house: (config: Config) => Promise<House>;
  printed(): string;
  complained(): string;
  signal(name: 'SIGINT' | 'SIGTERM'): void;
}

export function createFakeWorld(terminal = false): FakeWorld {
  const out: string[] = [];
  const err: string[] = [];
  const env: Record<string, string> = {};
  const files: Record<string, string> = {};
  const typists = new Set<(data: string | undefined) => void>();
  const listeners = new Set<(name: 'SIGINT' | 'SIGTERM') => void>();
  const world: FakeWorld = {
    env,
    files,
    web: {},
    asked: [],
    sent: [],
    piped: '',
    answer: () => ({ problem: 'ECONNREFUSED' }),
    type: (data) => {
      for (const typist of typists) typist(data);
    },
    packages: new Set(),
    taken: new Set(),
    exits: [],
    folderIs: { kind: 'absent', creatable: true },
    nodeIs: '26.10.0',
    house: () => Promise.reject(new Error('no house is expected here')),
    printed: () => out.join(''),
    complained: () => err.join(''),
    signal: (name) => {
      for (const listener of listeners) listener(name);
    },
    config: { env, cwd: '/home', readFile: (path) => files[path] },
    clock: systemClock,
    random: seededRandom(1),
    out: { isTty: terminal, width: 80, write: (text) => out.push(text) },
    err: { isTty: terminal, width: 80, write: (text) => err.push(text) },
    input: {
      isTty: terminal,
      read: async () => world.piped,
      async *lines() {
        yield* world.piped.split('\n').filter((line, i, all) => i < all.length - 1 || line !== '');
      },
      keys(listen) {
        typists.add(listen);
        return () => typists.delete(listen);
      },
    },
    machine: {
      get nodeVersion() {
        return world.nodeIs;
      },
      get: async (url, headers) => {
        world.asked.push({ url, headers });
        const status = world.web[url];
        return status === undefined ? { problem: 'ECONNREFUSED' } : { status };
      },
      ask: async (url, request) => {
        world.sent.push({ url, ...request });
        return world.answer(url, request);
      },
      hasPackage: async (name) => world.packages.has(name),
      isPortFree: async (_host, port) => !world.taken.has(port),
      folder: () => world.folderIs,
      isAlive: (pid) => pid === 7,
    },
    data: createDataTools(process.stdout),
    openHouse: (config) => world.house(config),
    onStop: (fn) => {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    exit: (code) => world.exits.push(code),
  };
  return world;
}
