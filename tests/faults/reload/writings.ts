/** What somebody may write into the configuration of a server that is at work. */
export interface Scene {
  readonly n: number;
  /** Where the provider with the key is, and the file that holds the key. */
  readonly keyed: string;
  readonly keyFile: string;
  readonly chance: (limit: number) => number;
}

/** A configuration that holds: what is asked of it afterwards is in its name. */
export function goodConfig({ n, keyed, keyFile, chance }: Scene): object {
  const price = { input: 1 + chance(5), output: 2 + chance(5) };
  return {
    providers: {
      sim: { kind: 'simulated', ...(chance(2) === 0 && { limits: { concurrency: 50 + chance(50), queue: 1_000 } }) },
      keyed: { kind: 'openai', baseUrl: keyed, apiKey: `secret://file${keyFile}` },
    },
    models: {
      simulated: { provider: 'sim', price },
      keyed: { provider: 'keyed', price },
      [`model${n}`]: { provider: 'sim', name: 'simulated' },
    },
    defaultModel: 'simulated',
    agents: { [`agent${n}`]: { instructions: `You are number ${n}.`, model: 'simulated' } },
    limits: { maxConcurrentRuns: 100 + chance(1_000), attempts: 3 + chance(40) },
    budgets: chance(2) === 0 ? {} : { tenant: { usd: 1_000 + chance(1_000) } },
    server: { origins: [`https://page${n}.example`] },
    monitoring: { alertThresholds: { errorRate: `${1 + chance(50)}%` } },
    secrets: { refresh: '1s' },
  };
}

/** Texts that are refused, by what is wrong with them. `undefined`: the file is gone. */
export function badConfig(scene: Scene): { readonly what: string; readonly text: string | undefined; readonly says: RegExp } {
  const good = goodConfig(scene) as { readonly models: object; readonly providers: object };
  const without = `${scene.keyFile}.gone`;
  const all = [
    { what: 'no YAML', text: '{"models": [', says: /not valid YAML/ },
    { what: 'an unknown key', text: JSON.stringify({ ...good, modles: {} }), says: /Did you mean "models"/ },
    {
      what: 'a provider that is none',
      text: JSON.stringify({ ...good, models: { ...good.models, lost: { provider: 'nobody' } } }),
      says: /nobody/,
    },
    { what: 'a value out of bounds', text: JSON.stringify({ ...good, limits: { attempts: -1 } }), says: /attempts/ },
    {
      what: 'a secret that is nowhere',
      text: JSON.stringify({
        ...good,
        providers: { ...good.providers, other: { kind: 'openai', baseUrl: scene.keyed, apiKey: `secret://file${without}` } },
      }),
      says: /does not exist or is empty/,
    },
    { what: 'no file', text: undefined, says: /there is no such file/ },
  ] as const;
  return all[scene.chance(all.length)] as (typeof all)[number];
}
