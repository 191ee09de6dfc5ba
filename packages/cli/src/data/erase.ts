import { isId } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { EraseReport, Erasure, RunList } from '@openclaw-runtime/store';
import { plainJson, plainLine, plainText } from '../commands/plain.ts';
import type { World } from '../commands/world.ts';
import type { Config } from '../config/config.ts';
import { openAudit } from '../house/audit.ts';
import { configOf, type DataOptions, errorOf, type Keeper, keeperOf } from './options.ts';
import { bytesText, createProgress } from './progress.ts';
import { askForReport } from './report.ts';

export interface EraseFlags extends DataOptions {
  readonly tenant?: string;
  readonly yes?: boolean;
}

/** Who a command of this machine is, where no server says so. */
const LOCAL = { tenant: 'default', id: 'local' };
const INTERRUPTED = 130;

/** Erases a run, or all of a tenant, by the server that has the data or by itself. Resolves with 1 where something is damaged, so that some of it may be left. */
export async function erase(name: string | undefined, options: EraseFlags, world: World): Promise<number> {
  if (name === undefined && options.tenant === undefined)
    throw new OpenClawError('BAD_REQUEST', 'Say what is to be erased: claw erase RUN, or claw erase --tenant NAME.');
  const config = configOf(options, world);
  const keeper = await keeperOf(config, world);
  const abort = new AbortController();
  const house = keeper ? byServer(world, keeper, abort.signal) : byItself(world, config);
  const tenant = options.tenant ?? LOCAL.tenant;
  const what: Erasure = name === undefined ? { tenant } : { tenant, run: await house.find(tenant, name) };
  if (!options.yes && !(await isSure(what, options, world))) {
    world.err.write('claw: nothing was erased\n');
    return 1;
  }
  const progress = createProgress(world, 'erasing', world.err.isTty && !options.json);
  const release = world.onStop(() => {
    progress.end();
    world.err.write('claw: interrupted; what was begun goes on, in the server or when the data are opened next\n');
    world.exit(INTERRUPTED);
  });
  try {
    const report = await house.erase(what, progress.tell);
    progress.end();
    world.out.write(options.json ? `${plainJson(report)}\n` : plainText(textOf(what, report)));
    for (const each of report.damaged) world.err.write(plainText(`claw: ${each}\n`));
    for (const each of report.aside)
      world.err.write(plainText(`claw: ${each} in the data folder was put aside and may have it still: look, and delete it\n`));
    return report.damaged.length > 0 ? 1 : 0;
  } finally {
    progress.end();
    release();
  }
}

/** Who has the data. */
interface Keeping {
  /** The run that an id, or the unique beginning of one, names. */
  find(tenant: string, name: string): Promise<string>;
  erase(what: Erasure, onProgress: (share: number) => void): Promise<EraseReport>;
}

function byServer(world: World, keeper: Keeper, signal: AbortSignal): Keeping {
  return {
    async find(tenant, name) {
      if (isId(name)) return name;
      if (tenant !== LOCAL.tenant) throw new OpenClawError('BAD_REQUEST', 'Give the whole id of a run of another tenant.');
      const { status, parts } = await world.data.stream(
        `${keeper.base}/v1/runs?limit=2&prefix=${encodeURIComponent(name)}`,
        { method: 'GET', headers: keeper.headers },
        signal,
      );
      if (status !== 200) throw await errorOf(status, parts);
      const told: Uint8Array[] = [];
      for await (const part of parts) told.push(part);
      return onlyOne(name, JSON.parse(Buffer.concat(told).toString()) as RunList);
    },
    erase: (what, onProgress) => askForReport(world, keeper, '/v1/erase', what, signal, onProgress),
  };
}

function byItself(world: World, config: Config): Keeping {
  const { data, clock, random } = world;
  const { dataDir } = config;
  return {
    find: async (tenant, name) => (isId(name) ? name : onlyOne(name, await data.runs(dataDir, tenant, { limit: 2, prefix: name }))),
    async erase(what, onProgress) {
      await using opened = new AsyncDisposableStack();
      const log = (line: string): void => world.err.write(plainText(`${line}\n`));
      const target = what.run === undefined ? what.tenant : `${what.tenant}/${what.run}`;
      const noted = { principal: LOCAL, decision: 'allowed' } as const;
      return await data.erase(dataDir, what, {
        onProgress,
        async begin() {
          const audit = opened.use(await openAudit(() => config, data.audit(dataDir), { clock, random, log }));
          await audit.ensure({ ...noted, action: 'data.erase', target });
          return ({ runs, states }) =>
            audit.ensure({ ...noted, action: 'data.erased', target: `${target}: ${runs} runs, ${states} states` });
        },
      });
    },
  };
}

function onlyOne(name: string, { runs }: RunList): string {
  const [first, second] = runs;
  if (!first) throw new OpenClawError('NOT_FOUND', `There is no run ${plainLine(name)}. List them: claw runs list.`);
  if (second) throw new OpenClawError('BAD_REQUEST', `Several runs begin with ${plainLine(name)}. Give more of the id.`);
  return first.run;
}

/** Asks on a terminal. Throws `BAD_REQUEST` where there is nobody to be asked. */
async function isSure({ tenant, run }: Erasure, { json }: EraseFlags, { input, err }: World): Promise<boolean> {
  if (!input.isTty || !err.isTty || json)
    throw new OpenClawError('BAD_REQUEST', 'What is erased does not come back. Say --yes if it is to go.');
  const [is, word] =
    run === undefined
      ? [`all that there is of the tenant ${tenant}: runs, conversations, what was learned, files`, tenant]
      : [`the run ${run}, those that it started and what their sessions remember`, 'yes'];
  err.write(plainText(`claw: this erases ${is}. It does not come back. Type ${word} to go on: `));
  for await (const line of input.lines()) return line.trim() === word;
  return false;
}

function textOf({ tenant, run }: Erasure, { runs, states, overwrittenBytes }: EraseReport): string {
  const of = run === undefined ? `of the tenant ${tenant}` : `for the run ${run}`;
  return `claw: erased: ${runs} runs and ${states} states ${of}; ${bytesText(overwrittenBytes)} of what lay in unused places overwritten\nclaw: backups made before have it still\n`;
}
