import { type Clock, sleep } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { NamedSecret } from './find-secrets.ts';

export interface KeepOptions {
  readonly clock: Clock;
  /** Milliseconds between two looks at each secret's place. */
  readonly refreshMs: number;
  log(line: string): void;
}

/** Gets every secret. Rejects with `BAD_CONFIG`, naming all that cannot be had. */
export async function fetchSecrets(secrets: readonly NamedSecret[]): Promise<void> {
  const problems = (await Promise.all(secrets.map(problemOf))).filter((problem) => problem !== undefined);
  const [first] = problems;
  if (first !== undefined)
    throw new OpenClawError('BAD_CONFIG', problems.length === 1 ? first : [`${problems.length} problems`, ...problems].join('\n  '));
}

/**
 * Gets secrets anew now and then until this is disposed of, so that one that was changed is used without a restart. What cannot be had any more keeps its value
 * until the next look, and is spoken of.
 */
export function refreshSecrets(secrets: readonly NamedSecret[], options: KeepOptions): Disposable {
  const stop = new AbortController();
  if (secrets.length > 0) void refresh(secrets, options, stop.signal);
  return { [Symbol.dispose]: () => stop.abort() };
}

async function refresh(secrets: readonly NamedSecret[], { clock, refreshMs, log }: KeepOptions, signal: AbortSignal): Promise<void> {
  const failing = new Set<NamedSecret>();
  const look = async (each: NamedSecret): Promise<void> => {
    const problem = await problemOf(each);
    if (signal.aborted) return;
    if (problem === undefined) {
      if (failing.delete(each)) log(`${each.name}: the secret can be read again`);
    } else if (!failing.has(each)) {
      failing.add(each);
      log(`${problem} Its last value stands for one more period, of ${refreshMs} ms.`);
    }
  };
  for (;;) {
    const slept = await sleep(clock, refreshMs, signal).then(
      () => true,
      () => false,
    );
    if (!slept) return;
    await Promise.all(secrets.map(look));
  }
}

async function problemOf({ name, secret }: NamedSecret): Promise<string | undefined> {
  try {
    await secret.fetch();
    return undefined;
  } catch (error) {
    return `${name}: ${(error as Error).message}`;
  }
}
