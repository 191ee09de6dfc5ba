import type { Config } from '../config/config.ts';
import type { ConfigFlags } from '../config/resolve.ts';
import type { House } from '../house/house.ts';
import { configure } from './configure.ts';
import { plainText } from './plain.ts';
import { recognisedLine } from './recognised-line.ts';
import type { World } from './world.ts';

export interface UpOptions extends ConfigFlags {
  readonly json?: boolean;
}

/** Serves until it is told to stop. Resolves with the exit code. */
export async function up(options: UpOptions, world: World, version = '0'): Promise<number> {
  const config = await configure(options, world);
  const reloads = heedReloads(world);
  try {
    return await serve(config, options, world, version, reloads);
  } finally {
    reloads.end();
  }
}

async function serve(config: Config, options: UpOptions, world: World, version: string, reloads: Reloads): Promise<number> {
  const house = await world.openHouse(config, {
    clock: world.clock,
    random: world.random,
    version,
    readConfig: () => configure(options, world),
    log: (line) => world.err.write(`${plainText(line)}\n`),
  });
  try {
    // Before the world is told that the house is ready: whoever waited for that may ask it to stop at once.
    const stopped = untilStopped(house, world);
    reloads.goTo(house);
    world.out.write(options.json ? `${JSON.stringify(readyLine(config, house))}\n` : banner(config, house));
    return await stopped;
  } finally {
    await house.close();
  }
}

async function untilStopped(house: House, world: World): Promise<number> {
  const stop = Promise.withResolvers<'SIGINT' | 'SIGTERM'>();
  let stops = 0;
  const release = world.onStop((signal) => {
    if (++stops === 1) stop.resolve(signal);
    else world.exit(signal === 'SIGINT' ? 130 : 143);
  });
  try {
    const end = await Promise.race([stop.promise, house.failed]);
    if (typeof end !== 'string') throw end;
    world.err.write('claw: stopping; clients are told, runs that are not at their end go on at the next start (again to stop at once)\n');
    await house.drain();
    return 0;
  } finally {
    release();
  }
}

interface Reloads {
  goTo(house: House): void;
  end(): void;
}

/** From before there is a house: else the signal would end the process. One that came too early is heeded as soon as there is. */
function heedReloads(world: World): Reloads {
  let house: House | undefined;
  let isMissed = false;
  // What became of it is in the log.
  const reload = (): void => void house?.reload?.().catch(() => undefined);
  const deaf = world.onReload?.(() => {
    isMissed ||= house === undefined;
    reload();
  });
  return {
    goTo(opened) {
      house = opened;
      if (isMissed) reload();
    },
    end: () => deaf?.(),
  };
}

function readyLine(config: Config, house: House): object {
  const { file, dataDir, defaultModel } = config;
  return {
    ready: true,
    url: house.url,
    http: house.url.replace(/^ws/, 'http'),
    port: house.port,
    ...(house.metrics === undefined ? {} : { metrics: house.metrics }),
    data: dataDir,
    model: defaultModel,
    simulated: isSimulated(config),
    ...(file === undefined ? {} : { config: file }),
  };
}

function banner(config: Config, house: House): string {
  const { file, dataDir, defaultModel, notes, server } = config;
  const recognised = recognisedLine(config);
  const model = isSimulated(config) ? `${defaultModel} (the simulated model, not a real one)` : `${defaultModel} (${providerOf(config)})`;
  const rows = [
    ['address', house.url + (server.token ? ' (with a token)' : '')],
    ['model', model],
    ...(recognised === undefined ? [] : [['because', recognised]]),
    ['data', dataDir],
    ['config', file ?? 'none'],
    ...(house.metrics === undefined ? [] : [['metrics', house.metrics]]),
    ['try', 'claw run "Why is the sky blue?"'],
  ];
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(8)} ${value}`);
  return ['OpenClaw Runtime is ready', ...lines, ...notes.map((note) => `  ${note}`), ''].join('\n');
}

function providerOf({ models, defaultModel, providers, defaultProvider }: Config): string {
  const provider = models[defaultModel.split('?')[0] ?? '']?.provider ?? defaultProvider ?? '';
  const settings = providers[provider];
  return settings && 'baseUrl' in settings && settings.baseUrl ? `${provider}, ${new URL(settings.baseUrl).origin}` : provider;
}

function isSimulated({ models, defaultModel, providers, defaultProvider }: Config): boolean {
  return providers[models[defaultModel.split('?')[0] ?? '']?.provider ?? defaultProvider ?? '']?.kind === 'simulated';
}
