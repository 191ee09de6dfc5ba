import type { Logins } from '@openclaw-runtime/tools';
import type { Config } from '../config/config.ts';
import { findSecrets } from '../secrets/find-secrets.ts';
import { keepSecrets } from '../secrets/keep-secrets.ts';
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
}

/** Gets every secret of the configuration and keeps it fresh. Rejects with `BAD_CONFIG` when one cannot be had. */
export async function openSecrets(config: Config, given: HousePorts): Promise<OpenSecrets> {
  const secrets = findSecrets(config);
  const logins = createLoginSecrets(Object.keys(config.mcp));
  const scrubber = createScrubber([...secrets.map(({ secret }) => secret), ...logins.secrets], given.clock);
  const { scrub } = scrubber;
  const ports: HousePorts = { ...given, log: (line) => given.log(scrub(line)) };
  const log = (line: string): void => ports.log(`claw: ${line}`);
  const kept = await keepSecrets(secrets, { clock: given.clock, refreshMs: config.secrets.refreshMs, log });
  return {
    scrub,
    ports,
    hidden: logins.noticed,
    [Symbol.dispose]() {
      kept[Symbol.dispose]();
      scrubber.close();
    },
  };
}
