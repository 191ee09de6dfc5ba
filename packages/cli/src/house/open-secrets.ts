import type { Logins } from '@openclaw-runtime/tools';
import type { Config } from '../config/config.ts';
import { findSecrets, type NamedSecret } from '../secrets/find-secrets.ts';
import { fetchSecrets, refreshSecrets } from '../secrets/keep-secrets.ts';
import { createLoginSecrets } from '../secrets/login-secrets.ts';
import { createScrubber } from '../secrets/scrubber.ts';
import type { HousePorts } from './house.ts';

/** The house's secrets while it is open. */
export interface OpenSecrets extends Disposable {
  /** Hides every value of theirs. */
  scrub(text: string): string;
  /** Those that were given, with a log that says no secret. */
  readonly ports: HousePorts;
  /** The same logins, whose tokens are hidden like any other secret. */
  hidden(logins: Logins): Logins;
  /**
   * Gets those of another configuration, beside these. Resolves to what decides which of them stay: the others are no longer looked for, and stay hidden for an hour.
   * Rejects with `BAD_CONFIG`, and then nothing has changed.
   */
  renew(config: Config): Promise<Renewal>;
}

export interface Renewal {
  keep(): void;
  drop(): void;
}

/** Gets every secret of the configuration and keeps it fresh. Rejects with `BAD_CONFIG` when one cannot be had. */
export async function openSecrets(config: Config, given: HousePorts): Promise<OpenSecrets> {
  const logins = createLoginSecrets(Object.keys(config.mcp));
  const scrubber = createScrubber(logins.secrets, given.clock);
  const { scrub } = scrubber;
  const ports: HousePorts = { ...given, log: (line) => given.log(scrub(line)) };
  const keep = (secrets: readonly NamedSecret[], { secrets: { refreshMs } }: Config): Disposable => {
    const forget = scrubber.watch(secrets.map(({ secret }) => secret));
    const refreshing = refreshSecrets(secrets, { clock: ports.clock, refreshMs, log: (line) => ports.log(`claw: ${line}`) });
    return {
      [Symbol.dispose]() {
        refreshing[Symbol.dispose]();
        forget();
      },
    };
  };
  using opened = new DisposableStack();
  const { providers, agents, server, monitoring, ...fixed } = config;
  // Whatever other configurations say, what only a restart changes works with these.
  const lasting = opened.use(keep(findSecrets(fixed), config));
  let current = opened.use(keep(findSecrets({ providers, agents, server, monitoring }), config));
  await fetchSecrets(findSecrets(config));
  opened.move();
  return {
    scrub,
    ports,
    hidden: logins.noticed,
    async renew(next) {
      const all = findSecrets(next);
      const renewed = keep(all, next);
      await fetchSecrets(all).catch((error: unknown) => {
        renewed[Symbol.dispose]();
        throw error;
      });
      return {
        keep() {
          current[Symbol.dispose]();
          current = renewed;
        },
        drop: () => renewed[Symbol.dispose](),
      };
    },
    [Symbol.dispose]() {
      current[Symbol.dispose]();
      lasting[Symbol.dispose]();
      scrubber.close();
    },
  };
}
