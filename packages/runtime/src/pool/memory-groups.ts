// The one file that limits the memory of processes: by control groups of Linux, version 1 or 2.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { OpenClawError } from '@openclaw-runtime/protocol';

export interface MemoryGroup {
  readonly path: string;
  /** Words before a command, absolute, that is to run in it with all its children. */
  readonly enter: readonly string[];
  /** Whether the kernel ended a process of the group, since all of them together took more than they may. */
  overflowed(): boolean;
  /** When its processes have ended; one that is not gone yet leaves it there until the next group is opened or removed. */
  remove(): void;
}

export interface MemoryGroups {
  readonly limitMiB: number;
  /** A new group that may hold so much, and nothing in swap. */
  open(): MemoryGroup;
}

interface Place {
  readonly version: 1 | 2;
  readonly path: string;
}

/** Where a server goes that is in a group of version 2, whose processes have to be in groups beneath it when these are to have limits. */
const OWN = 'openclaw-server';
const LEFT = /^openclaw-(\d+)-\d+$/;

/** Groups beneath the one that this process is in. Those that ended processes left there are removed. Throws `BAD_CONFIG` where this machine has none, or they are not ours to make; `proc` is where the kernel says so. */
export function openMemoryGroups(limitMiB: number, proc = '/proc/self'): MemoryGroups {
  let count = 0;
  /** Groups whose processes were not gone yet when they were to be removed. */
  const left = new Set<string>();
  const clear = (): void => {
    for (const group of left) if (isRemoved(group)) left.delete(group);
  };
  try {
    const { version, path } = placeOf(proc);
    removeLeft(path);
    if (version === 2) allowLimits(path);
    const groups: MemoryGroups = {
      limitMiB,
      open() {
        clear();
        const group = join(path, `openclaw-${process.pid}-${++count}`);
        return openGroup({ version, path: group }, limitMiB, () => {
          left.add(group);
          clear();
        });
      },
    };
    groups.open().remove();
    return groups;
  } catch (error) {
    throw new OpenClawError('BAD_CONFIG', `Memory cannot be limited by control groups here: ${(error as Error).message}.`);
  }
}

function openGroup({ version, path }: Place, limitMiB: number, remove: () => void): MemoryGroup {
  const bytes = String(limitMiB * 2 ** 20);
  const write = (name: string, text: string): void => writeFileSync(join(path, name), text);
  mkdirSync(path, { recursive: true });
  try {
    write(version === 1 ? 'memory.limit_in_bytes' : 'memory.max', bytes);
    try {
      if (version === 1) write('memory.memsw.limit_in_bytes', bytes);
      else write('memory.swap.max', '0');
    } catch {
      // A kernel that does not count swap.
    }
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
  return {
    path,
    // The shell becomes the command.
    enter: ['/bin/sh', '-c', 'echo $$ > "$0" && exec "$@"', join(path, 'cgroup.procs')],
    overflowed() {
      const name = version === 1 ? 'memory.oom_control' : 'memory.events';
      try {
        return /^oom_kill [1-9]/m.test(readFileSync(join(path, name), 'utf8'));
      } catch {
        return false;
      }
    },
    remove,
  };
}

/** The group that this process is in, or the one above that where this process went to {@link OWN} already. */
function placeOf(proc: string): Place {
  const mounts = readFileSync(join(proc, 'mountinfo'), 'utf8').split('\n');
  for (const line of readFileSync(join(proc, 'cgroup'), 'utf8').split('\n').toReversed()) {
    const [, id, controllers = '', own = ''] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (id === undefined) continue;
    const version = id === '0' ? 2 : 1;
    if (version === 1 && !controllers.split(',').includes('memory')) continue;
    const kind = version === 1 ? / - cgroup \S+ \S*\bmemory\b/ : / - cgroup2 /;
    const [, , , root = '/', at] = mounts.find((mount) => kind.test(mount))?.split(' ') ?? [];
    if (at === undefined) continue;
    const beneath = posix.relative(root, own);
    const found = beneath.startsWith('..') ? at : join(at, beneath);
    const path = version === 2 && posix.basename(found) === OWN ? posix.dirname(found) : found;
    if (version === 1 || readFileSync(join(path, 'cgroup.controllers'), 'utf8').split(/\s/).includes('memory')) return { version, path };
  }
  throw new Error('there is no controller of memory');
}

/** A group of version 2 hands limits on only when no process is in it. */
function allowLimits(path: string): void {
  const control = join(path, 'cgroup.subtree_control');
  if (readFileSync(control, 'utf8').split(/\s/).includes('memory')) return;
  mkdirSync(join(path, OWN), { recursive: true });
  writeFileSync(join(path, OWN, 'cgroup.procs'), String(process.pid));
  writeFileSync(control, '+memory');
}

function removeLeft(path: string): void {
  for (const name of readdirSync(path)) {
    const pid = LEFT.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) {
      isRemoved(join(path, name));
    }
  }
}

/** `false` while processes are in it that are about to be gone. */
function isRemoved(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
