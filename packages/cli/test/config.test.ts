import { inspect } from 'node:util';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import { isLoopback } from '../src/config/loopback.ts';
import type { ConfigPorts } from '../src/config/ports.ts';
import { type ConfigFlags, resolveConfig } from '../src/config/resolve.ts';

interface World {
  readonly yaml?: string;
  readonly env?: Record<string, string>;
  readonly flags?: ConfigFlags;
  readonly files?: Record<string, string>;
}

function ports({ yaml, env = {}, files = {} }: World): ConfigPorts {
  const all: Record<string, string> = { ...(yaml === undefined ? {} : { '/home/openclaw.yaml': yaml }), ...files };
  return { env, cwd: '/home', readFile: (path) => all[path] };
}

const resolved = (world: World = {}): Config => resolveConfig(world.flags ?? {}, ports(world));

function problem(world: World): string {
  try {
    resolved(world);
  } catch (error) {
    expect(error).toBeInstanceOf(OpenClawError);
    expect((error as OpenClawError).code).toBe('BAD_CONFIG');
    return (error as OpenClawError).message;
  }
  throw new Error('The configuration was accepted.');
}

describe('without any configuration', () => {
  test('the simulated model answers on loopback, and says so', () => {
    const config = resolved();
    expect(config.server).toEqual({ host: '127.0.0.1', port: 18_789, origins: [] });
    expect(config.dataDir).toBe('/home/.openclaw');
    expect(config.providers).toEqual({ simulated: { kind: 'simulated' } });
    expect(config.models).toEqual({ simulated: { provider: 'simulated' } });
    expect(config.defaultModel).toBe('simulated');
    expect(config.defaultProvider).toBeUndefined();
    expect(config.agents).toEqual({ default: {} });
    expect(config.durability).toEqual({ text: 'process' });
    expect(config.notes).toEqual([expect.stringContaining('simulated model')]);
  });

  test('a key leads to its provider, which takes any model name', () => {
    const config = resolved({ env: { OPENAI_API_KEY: 'sk-1' } });
    expect(config.providers.openai).toMatchObject({ kind: 'openai', baseUrl: 'https://api.openai.com/v1' });
    expect(config.defaultProvider).toBe('openai');
    expect(config.defaultModel).toBe('gpt-4.1-mini');
    expect(config.notes).toEqual([]);
    const { openai } = config.providers;
    expect(openai?.kind === 'openai' && openai.apiKey?.reveal()).toBe('sk-1');
  });

  test('an address alone is enough, and OPENAI_MODEL names the model', () => {
    const config = resolved({ env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_MODEL: 'llama' } });
    expect(config.providers.openai).toEqual({ kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1' });
    expect(config.defaultModel).toBe('llama');
  });
});

describe('how deep models think', () => {
  const yaml = `
reasoning: {level: auto, maxLevel: 3, levelThresholds: {odd: 4}, exact: true, predictor: sim, judgeTimeout: 1s, features: [domain], learn: false, escalate: true}
agents: {a: {reasoning: {level: off, maxLevel: "2"}}}
providers: {sim: {kind: simulated}}
`;

  test('is the house’s to say, and each agent’s', () => {
    const { reasoning, agents } = resolved({ yaml });
    const levels = { level: 'auto', maxLevel: 3, levelThresholds: { odd: 4 }, exact: true };
    expect(reasoning).toEqual({ ...levels, predictor: 'sim', judgeTimeoutMs: 1_000, features: ['domain'], learn: false, escalate: true });
    expect(agents['a']?.reasoning).toEqual({ level: 'off', maxLevel: 2 });
    expect(resolved().reasoning).toEqual({});
  });

  test('has another name in cluster files', () => {
    expect(resolved({ yaml: 'cluster: {adaptiveReasoning: true}\n' }).reasoning).toEqual({ level: 'auto' });
    expect(resolved({ yaml: 'cluster: {adaptiveReasoning: false}\n' }).reasoning).toEqual({ level: 'off' });
    expect(resolved({ yaml: 'cluster: {adaptiveReasoning: false}\nreasoning: {level: 2}\n' }).reasoning).toEqual({ level: 2 });
  });

  test.each([
    ['reasoning: {level: 5}', 'reasoning.level: 5 is not a level: 1, 2, 3 or 4, or auto or off.'],
    ['reasoning: {maxLevel: auto}', 'reasoning.maxLevel: "auto" is not a level: 1, 2, 3 or 4.'],
    ['reasoning: {levelThresholds: {complex: 0}}', 'reasoning.levelThresholds.complex: 0 is not a level: 1, 2, 3 or 4.'],
    ['reasoning: {maxlevel: 1}', 'reasoning.maxlevel: unknown key. Did you mean "maxLevel"?'],
    ['reasoning: {features: [domian]}', 'Did you mean "domain"?'],
    ['reasoning: {judgeTimeout: 1s}', 'reasoning.judgeTimeout: is for a model that is asked. Name it: reasoning.predictor.'],
    ['reasoning: {predictor: jduge}\nproviders: {s: {kind: simulated}}\nmodels: {judge: {provider: s}}', 'Did you mean "judge"?'],
    ['agents: {a: {reasoning: {predictor: builtin}}}', 'agents.a.reasoning.predictor: unknown key.'],
  ])('%s is refused', (wrong, says) => {
    expect(problem({ yaml: `${wrong}\n` })).toContain(says);
  });
});

describe('where things come from', () => {
  test('a flag wins over a variable, a variable over the file', () => {
    const yaml = 'data: ./from-file\nserver: {port: 1000, host: localhost}\n';
    expect(resolved({ yaml }).dataDir).toBe('/home/from-file');
    expect(resolved({ yaml, env: { OPENCLAW_DATA: 'from-env' } }).dataDir).toBe('/home/from-env');
    const flags = { data: '/from/flag', port: '0', host: '127.0.0.1', metricsPort: '9090' };
    const config = resolved({ yaml, env: { OPENCLAW_DATA: 'from-env' }, flags });
    expect(config.dataDir).toBe('/from/flag');
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 0, metricsPort: 9090 });
    expect(resolved({ yaml }).server).toMatchObject({ host: 'localhost', port: 1000 });
  });

  test('the port of metrics: a flag, a variable, the file', () => {
    const yaml = 'monitoring: {port: 1}\n';
    const env = { OPENCLAW_METRICS_PORT: '2' };
    expect(resolved().server.metricsPort).toBeUndefined();
    expect(resolved({ yaml }).server.metricsPort).toBe(1);
    expect(resolved({ yaml: `server: {metricsPort: 4}\n${yaml}` }).server.metricsPort).toBe(4);
    expect(resolved({ yaml, env }).server.metricsPort).toBe(2);
    expect(resolved({ yaml, env, flags: { metricsPort: '0' } }).server.metricsPort).toBe(0);
    expect(problem({ env: { OPENCLAW_METRICS_PORT: 'x' } })).toContain('OPENCLAW_METRICS_PORT: "x" is not a whole number from 0 to 65535.');
  });

  test('what monitoring is without a word, and what may be said of it', () => {
    expect(resolved().monitoring).toMatchObject({ windowMs: 300_000, forMs: 60_000, objective: 0.999 });
    const yaml = 'monitoring: {window: 10s, for: 0, objective: 99%, webhook: "secret://env/HOOK"}\n';
    const { webhook, ...rest } = resolved({ yaml, env: { HOOK: 'http://127.0.0.1/hook' } }).monitoring;
    expect(rest).toMatchObject({ windowMs: 10_000, forMs: 0, objective: 0.99 });
    expect(webhook?.reveal()).toBe('http://127.0.0.1/hook');
  });

  test('the file is named by a flag or by OPENCLAW_CONFIG; its paths start at its folder', () => {
    const files = { '/etc/a.yaml': 'data: here\n', '/home/b.yaml': 'data: there\n' };
    expect(resolved({ files, env: { OPENCLAW_CONFIG: '/etc/a.yaml' } })).toMatchObject({ file: '/etc/a.yaml', dataDir: '/etc/here' });
    expect(resolved({ files, env: { OPENCLAW_CONFIG: '/etc/a.yaml' }, flags: { config: 'b.yaml' } }).dataDir).toBe('/home/there');
    expect(problem({ flags: { config: 'gone.yaml' } })).toBe(
      '/home/gone.yaml: there is no such file. --config names it; correct the name or leave it out.',
    );
    expect(problem({ env: { OPENCLAW_CONFIG: 'gone.yaml' } })).toContain('OPENCLAW_CONFIG names it');
  });

  test('providers of the file win over a key in the environment, not over an address', () => {
    const yaml = 'providers: {main: {kind: openai, baseUrl: http://a/v1}}\nmodels: {m: {provider: main}}\n';
    const withKey = resolved({ yaml, env: { OPENAI_API_KEY: 'k' } });
    expect(Object.keys(withKey.providers)).toEqual(['main']);
    expect(withKey.defaultProvider).toBeUndefined();
    const withAddress = resolved({ yaml, env: { OPENAI_BASE_URL: 'http://b/v1' } });
    expect(Object.keys(withAddress.providers)).toEqual(['main', 'openai']);
    expect(withAddress.defaultProvider).toBe('openai');
    expect(withAddress.defaultModel).toBe('m');
  });

  test('an empty file, and groups without keys, are as if nothing was written', () => {
    expect(resolved({ yaml: '' }).defaultModel).toBe('simulated');
    expect(resolved({ yaml: '# nothing\nserver:\nproviders:\nagents:\n' }).defaultModel).toBe('simulated');
  });
});

describe('everything at once', () => {
  const yaml = `
server: {host: 0.0.0.0, port: "\${PORT:-8080}", token: secret://env/TOKEN, origins: ["https://app.example"]}
data: ./d
durability: {text: disk}
providers:
  main:
    kind: openai
    baseUrl: http://\${HOST}/v1
    apiKey: \${KEY}
    headers: {x-team: blue}
    timeouts: {totalMs: 10m, firstChunkMs: 5s, betweenChunksMs: 250}
    retries: {max: 2, baseMs: 100ms, capMs: 1s}
    circuit: {failures: 3, openMs: 5s}
    connections: 16
    prefix: continue_final_message
  sim: {kind: simulated}
models:
  big: {provider: main, name: llama-3-70b, prefix: none}
defaultModel: big
agents:
  writer: {instructions: "Write.", model: "sim?tokens=5", description: writes}
retention: {deleteAfter: 30d, maxBytes: 10 GB, tenants: {a: {maxBytes: 1MiB}, b: {compactAfter: 5m, deleteAfter: never}}}
limits: {maxConcurrentRuns: 5, attempts: 4, regeneratedChars: 100, noProgressAttempts: 2, runMs: 1h, parkAfterMs: 0s}
clusters: {production/cluster-a: ["ws://a:1", "wss://b"]}
`;
  const config = (): Config => resolved({ yaml, env: { HOST: 'h:1', KEY: 'k-1', TOKEN: 't-1' } });

  test('is read to the last unit', () => {
    const { providers, ...rest } = config();
    expect(providers.main).toMatchObject({
      kind: 'openai',
      baseUrl: 'http://h:1/v1',
      headers: { 'x-team': 'blue' },
      timeouts: { totalMs: 600_000, firstChunkMs: 5_000, betweenChunksMs: 250 },
      retries: { max: 2, baseMs: 100, capMs: 1_000 },
      circuit: { failures: 3, openMs: 5_000 },
      connections: 16,
      prefix: 'continue_final_message',
    });
    expect(rest).toMatchObject({
      file: '/home/openclaw.yaml',
      server: { host: '0.0.0.0', port: 8080, origins: ['https://app.example'] },
      dataDir: '/home/d',
      durability: { text: 'disk' },
      models: { big: { provider: 'main', name: 'llama-3-70b', prefix: 'none' }, sim: { provider: 'sim' } },
      defaultModel: 'big',
      agents: { default: {}, writer: { instructions: 'Write.', model: 'sim?tokens=5', description: 'writes' } },
      retention: {
        compactAfterMs: 3_600_000,
        deleteAfterMs: 2_592_000_000,
        maxBytes: 10_000_000_000,
        tenants: { a: { compactAfterMs: 3_600_000, deleteAfterMs: 2_592_000_000, maxBytes: 1_048_576 }, b: { compactAfterMs: 300_000 } },
      },
      limits: {
        maxConcurrentRuns: 5,
        attempts: 4,
        regeneratedChars: 100,
        noProgressAttempts: 2,
        runMs: 3_600_000,
        parkAfterMs: 0,
        maxConnections: 10_000,
      },
      clusters: { 'production/cluster-a': ['ws://a:1', 'wss://b'] },
    });
  });

  test('no way of printing it shows a secret', () => {
    const whole = config();
    const prints = [
      JSON.stringify(whole),
      inspect(whole, { depth: 9, showHidden: true }),
      `${whole.server.token}`,
      String(whole.server.token),
    ];
    for (const print of prints) {
      expect(print).not.toMatch(/k-1|t-1/);
      expect(print).toContain('[secret]');
    }
    expect(whole.server.token?.reveal()).toBe('t-1');
  });
});

describe('the cluster file of the manual', () => {
  const wanted = {
    threads: { max: 10 },
    cluster: { adaptiveReasoning: true, streaming: true, tokenIntervalMs: 50, snapshotIntervalMs: 5_000 },
    monitoring: {
      metricsPath: '/metrics',
      prometheusEnabled: true,
      alertThresholds: { latencyP99Ms: 500, errorRate: 0.01, threadPoolUtilization: 0.9 },
    },
  };

  test('is taken as it stands', () => {
    const yaml = `# OpenClaw Cluster Config
cluster:
  maxThreads: 10
  adaptiveReasoning: true
  streaming: true
  tokenInterval: 50
  snapshotInterval: 5000
monitoring:
  metricsPath: '/metrics'
  prometheusEnabled: true
  alertThresholds:
    latencyP99: 500ms
    errorRate: 1%
    threadPoolUtilization: 90%
`;
    expect(resolved({ yaml })).toMatchObject(wanted);
    const flat = yaml.replaceAll(/^ +/gm, '');
    expect(resolved({ yaml: flat })).toMatchObject(wanted);
  });

  test('other units mean what they say', () => {
    const yaml =
      'cluster: {tokenInterval: 30ms, snapshotInterval: 2s}\nmonitoring: {alertThresholds: {latencyP99: 1.5s, errorRate: 0.5}}\n';
    expect(resolved({ yaml })).toMatchObject({
      cluster: { tokenIntervalMs: 30, snapshotIntervalMs: 2_000 },
      monitoring: { alertThresholds: { latencyP99Ms: 1_500, errorRate: 0.5 } },
    });
  });
});

describe('what is wrong is said with file, line, path, value and what was expected', () => {
  const at = (line: number): string => `/home/openclaw.yaml:${line}: `;

  test.each<[name: string, yaml: string, message: string]>([
    ['an unknown key', 'serber: {port: 1}', `${at(1)}serber: unknown key. Did you mean "server"?`],
    ['an unknown key inside', 'server:\n  prot: 1', `${at(2)}server.prot: unknown key. Did you mean "port"?`],
    [
      'an unknown key of a provider',
      'providers:\n  main:\n    kind: openai\n    baseUrl: http://a\n    apikey: x\nmodels: {m: {provider: main}}',
      `${at(5)}providers.main.apikey: unknown key. Did you mean "apiKey"?`,
    ],
    ['a key like none', 'durability: {zebra: 1}', `${at(1)}durability.zebra: unknown key. Known here: text.`],
    ['a port out of range', 'server: {port: 70000}', `${at(1)}server.port: 70000 is not a whole number from 0 to 65535.`],
    ['a port that is text', 'server: {port: http}', `${at(1)}server.port: "http" is not a whole number from 0 to 65535.`],
    [
      'a wrong address',
      'providers:\n  main: {kind: openai, baseUrl: localhost}\nmodels: {m: {provider: main}}',
      `${at(2)}providers.main.baseUrl: "localhost" is not an address that starts with http:// or https://.`,
    ],
    [
      'a missing address',
      'providers:\n  main: {kind: openai}\nmodels: {m: {provider: main}}',
      `${at(2)}providers.main.baseUrl: is missing. Expected an address that starts with http:// or https://.`,
    ],
    [
      'an unknown kind of provider',
      'providers: {main: {kind: opnai, baseUrl: http://a}}',
      `${at(1)}providers.main.kind: "opnai" is not a kind of provider: openai, anthropic, gemini, ollama, ai-sdk, simulated. Did you mean "openai"?`,
    ],
    [
      'a missing kind',
      'providers: {main: {baseUrl: http://a}}',
      `${at(1)}providers.main.kind: is missing. Expected a kind of provider: openai, anthropic, gemini, ollama, ai-sdk, simulated.`,
    ],
    ['a wrong word', 'durability: {text: dsik}', `${at(1)}durability.text: "dsik" is not "process" or "disk". Did you mean "disk"?`],
    [
      'a wrong size',
      'retention: {maxBytes: 5 parsecs}',
      `${at(1)}retention.maxBytes: "5 parsecs" is not a size, such as 500MB, 10GiB or a number of bytes.`,
    ],
    [
      'a wrong time limit',
      'limits: {runMs: 5 parsecs}',
      `${at(1)}limits.runMs: "5 parsecs" is not a duration, such as 500ms, 30s, 10m or a number of milliseconds.`,
    ],
    [
      'a ratio above 1',
      'monitoring: {alertThresholds: {errorRate: 1.5}}',
      `${at(1)}monitoring.alertThresholds.errorRate: 1.5 is not a part of the whole, such as 1% or 0.01.`,
    ],
    ['a flag that is none', 'cluster: {streaming: maybe}', `${at(1)}cluster.streaming: "maybe" is not true or false.`],
    ['a group that is text', 'server: here', `${at(1)}server: "here" is not a group of keys.`],
    ['a list that is text', 'clusters: {a/b: "ws://x"}', `${at(1)}clusters.a/b: "ws://x" is not a list.`],
    ['a list as the file', '- a', '/home/openclaw.yaml: ["a"] is not a group of keys.'],
    [
      'a wrong cluster address',
      'clusters: {a/b: ["ftp://x"]}',
      `${at(1)}clusters.a/b.0: "ftp://x" is not an address that starts with ws:// or wss:// or http:// or https://.`,
    ],
    ['a wrong cluster name', 'clusters: {a: ["ws://x"]}', `${at(1)}clusters.a: is not of the form environment/cluster.`],
    [
      'a model of an unknown provider',
      'providers: {main: {kind: simulated}}\nmodels: {m: {provider: mian}}',
      `${at(2)}models.m.provider: there is no provider "mian". Did you mean "main"?`,
    ],
    [
      'an agent with an unknown model',
      'agents: {a: {model: gpt-4}}',
      `${at(1)}agents.a.model: there is no model "gpt-4". Known: simulated.`,
    ],
    [
      'an unknown default model',
      'defaultModel: simulatde',
      `${at(1)}defaultModel: there is no model "simulatde". Did you mean "simulated"?`,
    ],
    ['a provider without models', 'providers: {main: {kind: openai, baseUrl: http://a}}', ''],
    [
      'a secret of an unknown kind',
      'server: {token: "secret://valut/x"}',
      `${at(1)}server.token: the value (not shown) is not secret://env/NAME, secret://file/PATH, secret://vault/PATH#FIELD or secret://exec/NAME.`,
    ],
    [
      'a variable that is not set',
      'data: "${NOPE}/x"',
      `${at(1)}data: the variable NOPE is not set. Set it, or write \${NOPE:-otherwise}.`,
    ],
    [
      'a public address without a token',
      'server: {host: 0.0.0.0}',
      `${at(1)}server.host: "0.0.0.0" can be reached from other machines, and no token is set. Set server.token, OPENCLAW_TOKEN, auth.jwt, or for keys only auth.anonymous: false; or use 127.0.0.1.`,
    ],
  ])('%s', (_name, yaml, message) => {
    const said = problem({ yaml });
    if (message === '') expect(said).toContain('models: is missing. Expected at least one model');
    else expect(said).toBe(message);
  });

  test('all problems at once', () => {
    const said = problem({ yaml: 'server: {port: -1, hots: x}\nlimits:\n  attempts: 0\nagents: {a: {model: 1}}\n' });
    expect(said.split('\n')).toEqual([
      '4 problems',
      `  ${at(1)}server.port: -1 is not a whole number from 0 to 65535.`,
      `  ${at(1)}server.hots: unknown key. Did you mean "host"?`,
      `  ${at(4)}agents.a.model: 1 is not a name: 1–128 characters.`,
      `  ${at(3)}limits.attempts: 0 is not a whole number from 1 to 1000.`,
    ]);
  });

  test('broken YAML, with its line', () => {
    expect(problem({ yaml: 'server: {port: 1\ndata: x\n' })).toMatch(/^\/home\/openclaw\.yaml: line \d is not valid YAML: /);
    // What was meant to be a password, and not the name of another value.
    expect(problem({ yaml: 'server: {token: *sesame}\n' })).toBe(
      '/home/openclaw.yaml: is not valid YAML: *NAME stands for a value that is marked as &NAME; there is none, or too many. Quote text that begins with *.',
    );
    expect(problem({ yaml: 'data: a\ndata: b\n' })).toContain('Map keys must be unique');
  });

  test('a flag that cannot be used', () => {
    expect(problem({ flags: { port: 'x' } })).toBe('configuration: --port: "x" is not a whole number from 0 to 65535.');
    expect(problem({ flags: { metricsPort: '1.5' } })).toContain('--metrics-port: "1.5"');
    expect(problem({ flags: { host: '0.0.0.0' } })).toContain('no token is set');
  });

  test('neither the value of a secret nor of a variable is shown', () => {
    const yaml =
      'server: {token: ["hunter2"]}\nproviders: {p: {kind: openai, baseUrl: "${URL}", apiKey: {a: hunter2}, headers: {a: [hunter2]}}}\n';
    const said = problem({ yaml, env: { URL: 'hunter2' } });
    expect(said).not.toContain('hunter2');
    expect(said).toContain('providers.p.baseUrl: "${URL}" is not an address');
    expect(said.split('\n')).toHaveLength(5);
  });
});

describe('secrets and variables', () => {
  const token = (written: string, world: World = {}): string | undefined =>
    resolved({ ...world, yaml: `server: {token: ${JSON.stringify(written)}}` }).server.token?.reveal();

  test('come from the environment, from files, or stand there', () => {
    expect(token('plain')).toBe('plain');
    expect(token('secret://env/T', { env: { T: 'from-env' } })).toBe('from-env');
    expect(token('secret://file/run/t', { files: { '/run/t': 'from-file\n' } })).toBe('from-file');
    expect(token('secret://file/./t', { files: { '/home/t': 'beside' } })).toBe('beside');
    expect(token('${T}', { env: { T: 'replaced' } })).toBe('replaced');
    expect(token('${T:-otherwise}')).toBe('otherwise');
    expect(token('${A}-${B:-b}', { env: { A: 'a' } })).toBe('a-b');
  });

  test('are read at each use, and say what is missing', () => {
    const env: Record<string, string> = { T: 'old' };
    const config = resolved({ yaml: 'server: {token: "secret://env/T"}', env });
    env.T = 'new';
    expect(config.server.token?.reveal()).toBe('new');
    delete env.T;
    expect(() => config.server.token?.reveal()).toThrow('the variable T is not set');
    expect(() => token('secret://file/gone')).toThrow('the file /gone does not exist');
  });

  test('a variable can hold a number or a flag', () => {
    const config = resolved({ yaml: 'server: {port: "${P}"}\ncluster: {streaming: "${S}"}', env: { P: '81', S: 'false' } });
    expect(config.server.port).toBe(81);
    expect(config.cluster.streaming).toBe(false);
  });

  test('OPENCLAW_TOKEN lets a server listen for other machines', () => {
    const config = resolved({ flags: { host: '0.0.0.0' }, env: { OPENCLAW_TOKEN: 'long-enough' } });
    expect(config.server.token?.reveal()).toBe('long-enough');
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.0.0.1.evil.example', false],
  ['', false],
])('%s is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});
