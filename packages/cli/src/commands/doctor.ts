import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Config } from '../config/config.ts';
import type { ConfigFlags } from '../config/resolve.ts';
import { readOwner } from '../house/owner.ts';
import { configure } from './configure.ts';
import type { Finding } from './finding.ts';
import { answers, urlOf } from './health.ts';
import { plainJson, plainText } from './plain.ts';
import { providerFinding, secretProblem } from './provider-finding.ts';
import { recognisedLine } from './recognised-line.ts';
import type { World } from './world.ts';

export interface DoctorOptions extends ConfigFlags {
  readonly json?: boolean;
}

const PROBE_MS = 3_000;

/** Looks at everything a server needs. Resolves with 1 when something would keep it from working. */
export async function doctor(options: DoctorOptions, world: World): Promise<number> {
  const findings = [nodeFinding(world), ...(await configFindings(options, world))];
  const failed = findings.some(({ level }) => level === 'fail');
  if (options.json) world.out.write(`${plainJson({ ok: !failed, findings })}\n`);
  else for (const finding of findings) world.out.write(plainText(lineOf(finding)));
  return failed ? 1 : 0;
}

async function configFindings(options: ConfigFlags, world: World): Promise<readonly Finding[]> {
  try {
    const config = await configure(options, world);
    const recognised = recognisedLine(config);
    const providers = Object.entries(config.providers).map(([name, settings]) => providerFinding(name, settings, world, PROBE_MS));
    return [
      fileFinding(config),
      ...(recognised === undefined ? [] : [{ level: 'ok', name: 'recognised', says: recognised } as const]),
      await tokenFinding(config),
      folderFinding(config, world),
      await portFinding(config, world),
      ...(await Promise.all(providers)),
    ];
  } catch (error) {
    return [
      {
        level: 'fail',
        name: 'config',
        says: OpenClawError.from(error).message,
        todo: 'Correct the configuration; nothing else was looked at.',
      },
    ];
  }
}

function nodeFinding({ machine }: World): Finding {
  const major = Number(machine.nodeVersion.split('.')[0]);
  if (major >= 24) return { level: 'ok', name: 'node', says: machine.nodeVersion };
  return { level: 'fail', name: 'node', says: `${machine.nodeVersion} is too old`, todo: 'Install Node 24 or newer.' };
}

function fileFinding({ file, notes }: Config): Finding {
  const says = file ?? 'no file, the defaults are used';
  return notes.length > 0 ? { level: 'warn', name: 'config', says, todo: notes.join(' ') } : { level: 'ok', name: 'config', says };
}

async function tokenFinding({ server: { token, host } }: Config): Promise<Finding> {
  if (token === undefined) return { level: 'ok', name: 'token', says: `none is needed on ${host}` };
  const problem = await secretProblem(token);
  if (problem !== undefined) return { level: 'fail', name: 'token', says: problem, todo: 'Set it, or take server.token out.' };
  if (token.reveal().length >= 16) return { level: 'ok', name: 'token', says: 'set' };
  return {
    level: 'warn',
    name: 'token',
    says: 'shorter than 16 characters',
    todo: 'Use a long random one, such as from: openssl rand -base64 24',
  };
}

function folderFinding({ dataDir }: Config, world: World): Finding {
  const name = 'data';
  const folder = world.machine.folder(dataDir);
  if (folder.kind === 'file')
    return { level: 'fail', name, says: `${dataDir} is a file`, todo: 'Remove it, or name another folder with --data.' };
  if (folder.kind === 'absent') {
    if (folder.creatable) return { level: 'ok', name, says: `${dataDir} will be created` };
    return { level: 'fail', name, says: `${dataDir} cannot be created`, todo: 'Name a folder you may write to with --data.' };
  }
  if (!folder.writable)
    return { level: 'fail', name, says: `${dataDir} cannot be written`, todo: 'Give this user the folder, or name another with --data.' };
  if ((folder.mode & 0o077) !== 0) {
    const says = `${dataDir} can be read by other users (mode ${folder.mode.toString(8).padStart(4, '0')})`;
    return { level: 'warn', name, says, todo: `Run: chmod 700 ${dataDir}` };
  }
  const owner = readOwner(dataDir, world.config);
  const isOwned = owner?.pid !== undefined && world.machine.isAlive(owner.pid);
  return {
    level: 'ok',
    name,
    says: isOwned ? `${dataDir}, open in process ${owner.pid} at ${owner.url}` : `${dataDir}, open in no process`,
  };
}

async function portFinding({ server: { host, port } }: Config, world: World): Promise<Finding> {
  const name = 'port';
  if (port === 0) return { level: 'ok', name, says: 'any free one' };
  if (await world.machine.isPortFree(host, port)) return { level: 'ok', name, says: `${host}:${port} is free` };
  if (await answers(urlOf(host, port), world.machine, PROBE_MS))
    return { level: 'ok', name, says: `a server answers at ${urlOf(host, port)}` };
  return {
    level: 'fail',
    name,
    says: `${host}:${port} is taken by another program`,
    todo: 'Use --port with another number; 0 is any free one.',
  };
}

function lineOf({ level, name, says, todo }: Finding): string {
  const mark = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }[level];
  return `${mark} ${name}: ${says}\n${todo === undefined ? '' : `       ${todo}\n`}`;
}
