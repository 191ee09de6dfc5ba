import { type Api, type Config, createForecaster, type House, type Owner } from '@openclaw-runtime/cli';
import { seededRandom } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { OpenClawClient } from '../src/client.ts';
import type { HousePorts } from '../src/house/ports.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';

/** A house that opens at once, and remembers what was done to it. */
export interface FakeHouse extends House {
  readonly config: Config;
  isClosed: boolean;
  active: number;
  fail(): void;
}

export interface FakeWorld {
  readonly clock: ManualClock;
  readonly ports: HousePorts;
  readonly houses: readonly FakeHouse[];
  readonly log: readonly string[];
  /** Who has the data folder open, elsewhere. */
  owner: Owner | undefined;
  /** Somebody has it open and does not answer. */
  isLocked: boolean;
  /** What opening waits for. */
  gate: Promise<void>;
}

export function createFakeWorld(): FakeWorld {
  const clock = createManualClock();
  const houses: FakeHouse[] = [];
  const log: string[] = [];
  const models = { gpt: { provider: 'a', name: 'gpt-5' }, own: { provider: 'a', name: 'x' } };
  const answering = { providers: { a: { kind: 'openai', baseUrl: 'http://127.0.0.1:9' } }, models, defaultModel: 'gpt', reasoning: {} };
  const notes = ['The simulated model answers.'];
  const config = { server: {}, agents: { default: {} }, threads: {}, dataDir: '/data', ...answering, notes };
  const world: FakeWorld = {
    clock,
    houses,
    log,
    owner: undefined,
    isLocked: false,
    gate: Promise.resolve(),
    ports: {
      clock,
      random: seededRandom(1),
      connects: false,
      token: async () => undefined,
      pid: 7,
      log: (line) => log.push(line),
      configure: async () => config as unknown as Config,
      owner: async () => world.owner,
      async open(given) {
        await world.gate;
        if (world.isLocked) throw new OpenClawError('DATA_LOCKED', 'It is locked.');
        const house = createFake(given, houses.length + 1);
        houses.push(house);
        return house;
      },
      // Nobody asks it.
      api: () => ({}) as Api,
      client: () => new OpenClawClient(),
      forecaster: createForecaster,
      decode: JSON.parse,
      shipped: ['coder'],
    },
  };
  return world;
}

function createFake(config: Config, port: number): FakeHouse {
  const failed = Promise.withResolvers<OpenClawError>();
  return {
    config,
    url: `ws://127.0.0.1:${port}`,
    port,
    active: 0,
    isClosed: false,
    failed: failed.promise,
    fail: () => failed.resolve(new OpenClawError('STORE_FAILED', 'The disk is gone.')),
    drain: async () => undefined,
    async close() {
      this.isClosed = true;
    },
  };
}
