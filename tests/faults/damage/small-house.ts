import { startGateway } from '@openclaw-runtime/gateway';
import { newId, systemClock, systemRandom } from '@openclaw-runtime/kit';
import { createBroker } from '@openclaw-runtime/model';
import { RUN_LIMITS, startRuntime } from '@openclaw-runtime/runtime';
import { openSqliteStore, type Store } from '@openclaw-runtime/store';

/** A server in this process: store, runtime and gateway, with the simulated model. */
export interface SmallHouse extends AsyncDisposable {
  readonly store: Store;
  readonly url: string;
  readonly http: string;
}

export async function openSmallHouse(folder: string): Promise<SmallHouse> {
  await using opened = new AsyncDisposableStack();
  const ports = { clock: systemClock, random: systemRandom };
  const fail = (error: unknown): void => console.error(error);
  const store = await openSqliteStore({ folder, ...ports });
  opened.defer(() => store.close());
  const broker = createBroker({ ...ports, providers: { simulated: { kind: 'simulated' } }, models: {}, defaultProvider: 'simulated' });
  opened.defer(() => broker.close());
  const runtime = await startRuntime({
    ...ports,
    store,
    broker,
    agents: [{ name: 'default' }],
    defaultModel: 'simulated',
    limits: RUN_LIMITS,
    textDurability: 'process',
    tokenIntervalMs: 0,
    owner: newId(systemRandom),
    onDefect: (_key, error) => fail(error),
  });
  opened.defer(() => runtime.drain(0));
  const gateway = await startGateway({
    ...ports,
    store,
    host: '127.0.0.1',
    port: 0,
    serverName: 'test',
    onDefect: (_id, error) => fail(error),
  });
  opened.defer(() => gateway.close());
  const rooms = opened.move();
  return { store, url: gateway.url, http: gateway.url.replace('ws', 'http'), [Symbol.asyncDispose]: () => rooms.disposeAsync() };
}
