import {
  OpenClawClient as Client,
  type ClientEvents,
  type ClientOptions,
  type Listener,
  type Run,
  type RunOptions,
} from '@openclaw-runtime/client';
import type { Clusters } from '@openclaw-runtime/client/address';
import { OpenClawError } from '@openclaw-runtime/protocol';

export interface PooledOptions extends ClientOptions {
  /** Connections, of which each run takes the one with the fewest runs; those of a cluster go to its servers in turn. Default 1. */
  readonly poolSize?: number;
}

type Lane = Pick<Client, 'run' | 'attach' | 'connect' | 'reconnect' | 'close'>;

const MOST = 64;

/** The client over several connections, so that a run does not wait for what another one's connection has yet to carry. Connections drop and are made again each on its own. */
export class PooledClient extends Client {
  readonly #others: readonly Client[];
  readonly #lanes: readonly Lane[];
  readonly #atWork = new Map<Lane, number>();
  readonly #failed = new Set<Lane>();

  /** Throws `BAD_CONFIG`. */
  constructor({ poolSize = 1, ...options }: PooledOptions) {
    super(options);
    if (!(Number.isInteger(poolSize) && poolSize >= 1 && poolSize <= MOST))
      throw new OpenClawError('BAD_CONFIG', `poolSize is ${poolSize}. Give a whole number from 1 to ${MOST}.`);
    this.#others = Array.from(
      { length: poolSize - 1 },
      (_, i) => new Client({ ...options, clusters: turned(options.clusters ?? {}, i + 1) }),
    );
    const first: Lane = {
      run: (asked) => super.run(asked),
      attach: (run) => super.attach(run),
      connect: (address) => super.connect(address),
      reconnect: () => super.reconnect(),
      close: () => super.close(),
    };
    this.#lanes = [first, ...this.#others];
    this.#mind(first, { on: (...args) => super.on(...args) } as Pick<Client, 'on'>);
    for (const other of this.#others) this.#mind(other, other);
  }

  override on<E extends keyof ClientEvents>(event: E, listener: Listener<E>): this {
    for (const other of this.#others) other.on(event, listener);
    return super.on(event, listener);
  }

  override off<E extends keyof ClientEvents>(event: E, listener: Listener<E>): this {
    for (const other of this.#others) other.off(event, listener);
    return super.off(event, listener);
  }

  override async connect(address: string): Promise<void> {
    try {
      await Promise.all(this.#lanes.map((lane) => lane.connect(address)));
    } catch (error) {
      if (this.#others.length > 0) this.close();
      throw error;
    }
  }

  override reconnect(): Promise<void> {
    const all = Promise.all(this.#lanes.map((lane) => lane.reconnect())).then(() => undefined);
    // Nobody is obliged to look: what goes wrong is told by the event, too.
    all.catch(() => undefined);
    return all;
  }

  override run(options: RunOptions): Run {
    return this.#follow((lane) => lane.run(options));
  }

  override attach(run: Parameters<Client['attach']>[0]): Run {
    return this.#follow((lane) => lane.attach(run));
  }

  override close(): void {
    for (const lane of this.#lanes) lane.close();
  }

  #follow(begin: (lane: Lane) => Run): Run {
    const lane = this.#leastBusy();
    const run = begin(lane);
    this.#atWork.set(lane, this.#runsOf(lane) + 1);
    const ended = (): void => void this.#atWork.set(lane, this.#runsOf(lane) - 1);
    run.result().then(ended, ended);
    return run;
  }

  #leastBusy(): Lane {
    const usable = this.#lanes.filter((lane) => !this.#failed.has(lane));
    const [first, ...rest] = usable.length > 0 ? usable : this.#lanes;
    return rest.reduce((best, lane) => (this.#runsOf(lane) < this.#runsOf(best) ? lane : best), first as Lane);
  }

  #runsOf(lane: Lane): number {
    return this.#atWork.get(lane) ?? 0;
  }

  /** One that has given up gets no more runs until it is asked to connect again. */
  #mind(lane: Lane, client: Pick<Client, 'on'>): void {
    client.on('error', ({ code }) => code === 'RECONNECT_FAILED' && this.#failed.add(lane));
    client.on('reconnected', () => this.#failed.delete(lane));
  }
}

/** Each cluster's addresses, beginning with another one. */
function turned(clusters: Clusters, by: number): Clusters {
  const turn = (urls: readonly string[]): readonly string[] => urls.map((_, i) => urls[(i + by) % urls.length] as string);
  return Object.fromEntries(Object.entries(clusters).map(([name, urls]) => [name, turn([urls].flat())]));
}
