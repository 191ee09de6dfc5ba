import type { Gateway } from '@openclaw-runtime/gateway';
import type { ChangingBroker } from '@openclaw-runtime/model';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Runtime, UpkeepLoop } from '@openclaw-runtime/runtime';
import { type Changes, changesOf } from '../config/changes.ts';
import type { Config } from '../config/config.ts';
import { brokerChange } from './broker.ts';
import type { HousePorts } from './house.ts';
import type { AgentsAtWork } from './open-agents.ts';
import type { OpenSecrets } from './open-secrets.ts';
import type { Reloaded } from './reloaded.ts';
import { gatewayChange, type Live, settingsOf } from './settings.ts';

export interface Reload {
  /** The configuration that holds. */
  readonly config: Config;
  /** Of the last time; absent before the first. */
  readonly last: Reloaded | undefined;
  /** Reads the configuration again. One time at a time, and once for all who ask meanwhile; does not reject where the new one is refused, but with `NOT_IMPLEMENTED` where there is nothing to read. */
  now(): Promise<Reloaded>;
}

export interface ReloadRooms {
  /** Reads and checks it. Rejects with `BAD_CONFIG`. Absent: there is nothing to read. */
  readonly read: (() => Promise<Config>) | undefined;
  readonly secrets: Pick<OpenSecrets, 'renew' | 'scrub'>;
  /** Takes what may be taken while work goes on; answers what else has to wait. Rejects with `BAD_CONFIG` before anything has changed. */
  readonly apply: (next: Config) => Promise<readonly string[]>;
  readonly told: (reloaded: Reloaded, config: Config) => void;
}

/** What is refused changes nothing, and what is applied interrupts nothing. */
export function createReload(config: Config, { read, secrets, apply, told }: ReloadRooms, { clock, log }: HousePorts): Reload {
  /** What holds, and what stands in the file as it was read last. */
  let holds = config;
  let last: Reloaded | undefined;
  let before: Promise<unknown> = Promise.resolve();
  /** Not begun. */
  let waiting: Promise<Reloaded> | undefined;

  const take = async (readNow: () => Promise<Config>): Promise<Changes> => {
    const next = await readNow();
    const renewal = await secrets.renew(next);
    try {
      // What had to wait before is still to be waited for: it is compared with what the house was opened with.
      const applied = changesOf(holds, next).applied;
      const waiting = [...changesOf(config, next).waiting, ...(await apply(next))];
      renewal.keep();
      holds = next;
      return { applied: applied.filter((place) => !waiting.includes(place)), waiting };
    } catch (error) {
      renewal.drop();
      throw error;
    }
  };

  const once = async (): Promise<Reloaded> => {
    waiting = undefined;
    if (!read) throw new OpenClawError('NOT_IMPLEMENTED', 'This server was given its configuration by a program. Start it with claw up.');
    const at = new Date(clock.wall()).toISOString();
    try {
      last = { outcome: 'applied', at, ...(await take(read)) };
    } catch (error) {
      const problem = secrets.scrub(OpenClawError.from(error).message);
      last = { outcome: 'refused', at, applied: [], waiting: [], problem };
    }
    log(`claw: ${lineOf(last)}`);
    told(last, holds);
    return last;
  };

  return {
    get config() {
      return holds;
    },
    get last() {
      return last;
    },
    now() {
      if (waiting) return waiting;
      const turn = before.then(once);
      before = turn.catch(() => undefined);
      waiting = turn;
      return turn;
    },
  };
}

/** Who takes what may be taken while work goes on. */
export interface Changing {
  /** Certificate and key as their files are now. Throws `BAD_CONFIG`. */
  readonly tls: (next: Config) => Parameters<Gateway['change']>[0]['tls'];
  readonly broker: ChangingBroker;
  readonly agents: Pick<AgentsAtWork, 'again'>;
  readonly gateway: Pick<Gateway, 'change'>;
  readonly upkeep: Pick<UpkeepLoop, 'change'>;
  readonly runtime: Pick<Runtime, 'change'>;
  log(line: string): void;
}

export function createApply(live: Live, { tls, broker, agents, gateway, upkeep, runtime, log }: Changing): ReloadRooms['apply'] {
  return async (next) => {
    const again = agents.again(next);
    const line = tls(next);
    // What may refuse comes first.
    broker.change(brokerChange(next));
    live.set(next);
    again.use();
    gateway.change({ ...gatewayChange(next), ...(line && { tls: line }) });
    upkeep.change(next.retention);
    // It holds by then: what may fail is only that the store takes what others are told of it.
    await runtime
      .change({ ...settingsOf(next), agents: again.agents })
      .catch((error: unknown) =>
        log(`claw: models and limits hold, but are not told to those that ask: ${OpenClawError.from(error).message}`),
      );
    return again.waiting;
  };
}

function lineOf({ outcome, applied, waiting, problem }: Reloaded): string {
  if (outcome === 'refused') return `the configuration was read again and is refused; the one before stays: ${problem}`;
  const changed = applied.length === 0 ? 'nothing else in it' : `changed: ${applied.join(', ')}`;
  const rest = waiting.length === 0 ? '' : `; only a restart brings: ${waiting.join(', ')}`;
  return `the configuration was read again; ${applied.length + waiting.length === 0 ? 'nothing is new in it' : `${changed}${rest}`}`;
}
