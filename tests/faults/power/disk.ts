import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Random } from '@openclaw-runtime/kit';
import type { Operation } from '../shim/log.ts';

/** A change that the disk may not have yet. */
type Change = { readonly kind: 'write'; readonly at: number; readonly data: Buffer } | { readonly kind: 'cut'; readonly size: number };

interface Inode {
  /** What is on the disk whatever happens. */
  readonly safe: Bytes;
  pending: Change[];
}

/** The disk as a power loss may leave it: all that was synced, and of the rest whatever chance lets through. */
export interface Disk {
  take(operation: Operation): void;
  /** Writes one state that a loss of power at this moment may leave into an empty folder; says which. */
  writeState(folder: string, random: Random): string;
  /** Changes that are not synced. */
  readonly unsynced: number;
}

const SECTOR = 512;
/** Changes beyond which a file is put together in memory first. */
const MANY = 16;
const MODES = ['none', 'all', 'prefix', 'subset', 'reordered', 'torn', 'torn'] as const;

/** `failing` decides what of a file's changes reached the disk when its sync failed: the kernel forgets them, and no later sync brings them. */
export function createDisk(failing: Random): Disk {
  const fds = new Map<number, Inode | 'folder'>();
  const names = new Map<string, Inode>();
  /** The folder as it is on the disk, and what was done to it since. */
  let safeNames = new Map<string, Inode>();
  let renames: ((entries: Map<string, Inode>) => void)[] = [];

  const change = (act: (entries: Map<string, Inode>) => void): void => {
    act(names);
    renames.push(act);
  };

  const opened = (fd: number, path: string, flags: number): void => {
    if (path.endsWith('/') || (flags & constants.O_DIRECTORY) !== 0) return void fds.set(fd, 'folder');
    const name = basename(path);
    let inode = names.get(name);
    if (!inode && (flags & constants.O_CREAT) === 0) return void fds.set(fd, 'folder');
    if (!inode) {
      const fresh: Inode = { safe: new Bytes(), pending: [] };
      inode = fresh;
      change((entries) => void entries.set(name, fresh));
    }
    fds.set(fd, inode);
    if ((flags & constants.O_TRUNC) !== 0) inode.pending.push({ kind: 'cut', size: 0 });
  };

  const synced = (fd: number, failed: boolean): void => {
    const inode = fds.get(fd);
    if (inode === undefined) return;
    if (inode === 'folder') {
      if (failed) return;
      safeNames = new Map(names);
      renames = [];
      return;
    }
    const share = failed ? ([0, 0, 0.5][Math.floor(failing.float() * 3)] as number) : 1;
    for (const each of inode.pending) if (share === 1 || failing.float() < share) apply(inode.safe, each);
    inode.pending = [];
  };

  return {
    take(operation) {
      switch (operation.kind) {
        case 'started':
          return fds.clear();
        case 'opened':
          return opened(operation.fd, operation.path, operation.flags);
        case 'closed':
          return void fds.delete(operation.fd);
        case 'written':
        case 'cut': {
          const inode = fds.get(operation.fd);
          if (inode === undefined || inode === 'folder') return;
          inode.pending.push(
            operation.kind === 'cut' ? { kind: 'cut', size: operation.size } : { kind: 'write', at: operation.at, data: operation.data },
          );
          return;
        }
        case 'synced':
          return synced(operation.fd, operation.failed);
        case 'unlinked': {
          const name = basename(operation.path);
          return change((entries) => void entries.delete(name));
        }
        case 'renamed': {
          const [from, to] = [basename(operation.from), basename(operation.to)];
          return change((entries) => {
            const inode = entries.get(from);
            entries.delete(from);
            if (inode) entries.set(to, inode);
          });
        }
        case 'mark':
          return;
      }
    },
    writeState(folder, random) {
      mkdirSync(folder, { recursive: true });
      const below = (n: number): number => Math.floor(random.float() * n);
      const done = below(renames.length + 1);
      const entries = new Map(safeNames);
      for (const act of renames.slice(0, done)) act(entries);
      const chosen = [`${done} of ${renames.length} names`];
      for (const [name, { safe, pending }] of entries) {
        const mode = MODES[below(MODES.length)] as (typeof MODES)[number];
        const file = openSync(join(folder, name), 'w', 0o600);
        const inPlace = pending.length < MANY && pending.every(({ kind }) => kind === 'write');
        const content = inPlace ? safe : safe.copy();
        if (content === safe) {
          writeAll(file, safe.view(), 0);
          for (const each of survivors(pending, mode, random)) if (each.kind === 'write') writeAll(file, each.data, each.at);
        } else {
          for (const each of survivors(pending, mode, random)) apply(content, each);
          writeAll(file, content.view(), 0);
        }
        closeSync(file);
        chosen.push(`${name}: ${mode} of ${pending.length}`);
      }
      return chosen.join(', ');
    },
    get unsynced() {
      return [...names.values()].reduce((sum, { pending }) => sum + pending.length, renames.length);
    },
  };
}

/** What of the changes the disk got, in the order in which it got it. */
function survivors(pending: readonly Change[], mode: (typeof MODES)[number], random: Random): readonly Change[] {
  const share = [0.1, 0.5, 0.9][Math.floor(random.float() * 3)] as number;
  const some = (changes: readonly Change[]): Change[] => changes.filter(() => random.float() < share);
  switch (mode) {
    case 'none':
      return [];
    case 'all':
      return pending;
    case 'prefix':
      return pending.slice(0, Math.floor(random.float() * (pending.length + 1)));
    case 'subset':
      return some(pending);
    case 'reordered':
      return shuffle(some(pending), random);
    case 'torn': {
      const sectors = some(pending.flatMap(sectorsOf));
      return random.float() < 0.5 ? sectors : shuffle(sectors, random);
    }
  }
}

function sectorsOf(change: Change): readonly Change[] {
  if (change.kind === 'cut') return [change];
  const sectors: Change[] = [];
  const { at, data } = change;
  for (let from = 0; from < data.length; ) {
    const to = Math.min(data.length, from + SECTOR - ((at + from) % SECTOR));
    sectors.push({ kind: 'write', at: at + from, data: data.subarray(from, to) });
    from = to;
  }
  return sectors;
}

function shuffle<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random.float() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}

function apply(bytes: Bytes, change: Change): void {
  if (change.kind === 'cut') bytes.cut(change.size);
  else bytes.write(change.at, change.data);
}

function writeAll(file: number, data: Buffer, at: number): void {
  if (data.length > 0) writeSync(file, data, 0, data.length, at);
}

/** A file's content, which grows; what was never written is zero. */
class Bytes {
  #room = Buffer.alloc(0);
  #length = 0;

  write(at: number, data: Buffer): void {
    const end = at + data.length;
    if (end > this.#room.length) {
      const more = Buffer.alloc(Math.max(end, this.#room.length * 2, 65_536));
      this.#room.copy(more, 0, 0, this.#length);
      this.#room = more;
    }
    data.copy(this.#room, at);
    this.#length = Math.max(this.#length, end);
  }

  cut(size: number): void {
    if (size < this.#length) this.#room.fill(0, size, this.#length);
    else if (size > this.#length) this.write(size - 1, Buffer.alloc(1));
    this.#length = size;
  }

  view(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  copy(): Bytes {
    const copy = new Bytes();
    copy.write(0, this.view());
    return copy;
  }
}
