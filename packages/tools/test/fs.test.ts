import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFsTools, type FsOptions } from '../src/fs/fs-tools.ts';
import { parsePath } from '../src/fs/parse-path.ts';
import { createOpenFolder } from '../src/machine/folder.ts';
import { callOf } from './call.ts';

describe('files of a workspace', () => {
  let place: string;
  let workspace: string;
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'openclaw-fs-'));
    workspace = join(place, 'workspace');
    await writeFile(join(place, 'secret'), 'secret');
  });
  afterEach(() => rm(place, { recursive: true }));

  const LIMITS: FsOptions = { writable: true, maxFileBytes: 1_000, maxFiles: 20, maxTotalBytes: 5_000, maxEntries: 10, timeoutMs: 30_000 };
  const openFolder = createOpenFolder(seededRandom(1));

  function use(name: string, args: object, options: Partial<FsOptions> = {}): Promise<string> {
    const house = { clock: systemClock, maxResultBytes: 65_536, needsApproval: () => false };
    const tool = createFsTools(house, openFolder, { ...LIMITS, ...options }).find(({ card }) => card.name === name);
    return tool ? tool.execute(args, callOf(workspace)) : Promise.reject(new Error(`no ${name}`));
  }

  it('writes, reads, lists, searches and removes', async () => {
    await use('fs.write', { path: 'src/./a.ts', text: 'one\nTwo\nthree' });
    expect(await use('fs.read', { path: 'src/a.ts' })).toBe('one\nTwo\nthree');
    expect(await use('fs.list', {})).toBe('src/');
    expect(await use('fs.list', { path: 'src' })).toBe('a.ts 13');
    expect(await use('fs.search', { text: 'two', ignoreCase: true })).toBe('src/a.ts:2: Two');
    expect(await use('fs.search', { text: 't.o' })).toBe('[no line has it]');
    await expect(use('fs.remove', { path: 'src' })).rejects.toThrow(/not empty/);
    await use('fs.remove', { path: 'src/a.ts' });
    await use('fs.remove', { path: 'src' });
    expect(await readdir(workspace)).toEqual([]);
  });

  it('takes no path that leads elsewhere by its words', () => {
    for (const path of [
      '/etc/passwd',
      '../x',
      'a/../../x',
      'a/..',
      '~/x',
      'C:\\x',
      'C:x',
      '\\\\host\\x',
      'a\\..\\b',
      'a\0b',
      'a\nb',
      `${'a/'.repeat(40)}b`,
      'x'.repeat(300),
    ]) {
      expect(() => parsePath(path), JSON.stringify(path)).toThrow(/^fs: /);
    }
    expect([parsePath(''), parsePath('.'), parsePath('./a//b/'), parsePath('..a/b..')]).toEqual(['', '', 'a/b', '..a/b..']);
  });

  it('follows links inside, and none that lead outside', async () => {
    await mkdir(join(workspace, 'real'), { recursive: true });
    await writeFile(join(workspace, 'real', 'f'), 'inside');
    await symlink('real', join(workspace, 'good'));
    await symlink('real/f', join(workspace, 'file'));
    await symlink('..', join(workspace, 'up'));
    await symlink(place, join(workspace, 'away'));
    await symlink('../secret', join(workspace, 'leak'));
    await symlink('loop', join(workspace, 'loop'));
    expect(await use('fs.read', { path: 'good/f' })).toBe('inside');
    expect(await use('fs.read', { path: 'file' })).toBe('inside');
    for (const path of ['up/secret', 'away/secret', 'leak', 'loop', 'up/workspace/../secret']) {
      await expect(use('fs.read', { path }), path).rejects.toMatchObject({ code: 'DENIED' });
    }
    for (const path of ['up', 'away']) {
      await expect(use('fs.list', { path }), path).rejects.toMatchObject({ code: 'DENIED' });
      await expect(use('fs.write', { path: `${path}/new`, text: 'x' }), path).rejects.toMatchObject({ code: 'DENIED' });
      await expect(use('fs.write', { path: `${path}/deep/new`, text: 'x' }), path).rejects.toMatchObject({ code: 'DENIED' });
      await expect(use('fs.remove', { path: `${path}/secret` }), path).rejects.toMatchObject({ code: 'DENIED' });
    }
    expect(await use('fs.search', { text: 'secret' })).toBe('[no line has it]');
    expect((await readdir(place)).sort()).toEqual(['secret', 'workspace']);
  });

  it('writes in place of a link, not through it; and removes the link, not what it leads to', async () => {
    await mkdir(workspace);
    await symlink('../secret', join(workspace, 'leak'));
    await use('fs.write', { path: 'leak', text: 'mine' });
    expect(await readFile(join(place, 'secret'), 'utf8')).toBe('secret');
    expect(await use('fs.read', { path: 'leak' })).toBe('mine');
    await symlink('../secret', join(workspace, 'again'));
    await use('fs.remove', { path: 'again' });
    expect(await readFile(join(place, 'secret'), 'utf8')).toBe('secret');
  });

  it('reads no second name of a file, no pipe and no folder', async () => {
    await mkdir(workspace);
    await link(join(place, 'secret'), join(workspace, 'hard'));
    execFileSync('mkfifo', [join(workspace, 'pipe')]);
    await expect(use('fs.read', { path: 'hard' })).rejects.toMatchObject({ code: 'DENIED' });
    await expect(use('fs.read', { path: 'pipe' })).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    await expect(use('fs.read', { path: '' })).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    await use('fs.write', { path: 'hard', text: 'mine' });
    expect(await readFile(join(place, 'secret'), 'utf8')).toBe('secret');
  });

  it('counts folders as files, also where nothing is in them any more', async () => {
    const deep = (n: number): object => ({ path: `${n}/a/b/c/d/e/f`, text: '' });
    for (const n of [1, 2]) {
      await use('fs.write', deep(n));
      await use('fs.remove', { path: `${n}/a/b/c/d/e/f` });
    }
    await expect(use('fs.write', deep(3), { maxFiles: 18 })).rejects.toThrow(/18 files and folders/);
    await use('fs.write', deep(3), { maxFiles: 19 });
    await use('fs.write', deep(3), { maxFiles: 19 });
  });

  it('stays inside while folders turn into links under it', { timeout: 120_000 }, async () => {
    const [inside, outside] = [join(workspace, 'd'), join(place, 'd')];
    for (const [folder, text] of [
      [inside, 'inside'],
      [outside, 'secret'],
    ] as const) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'f'), text);
    }
    await symlink(outside, join(workspace, 'l'));
    const swap = (from: string, to: string): Promise<void> => rename(join(workspace, from), join(workspace, to));
    const seen = new Set<string>();
    let busy = true;
    const swapping = (async () => {
      while (busy) {
        await swap('d', 'x');
        await swap('l', 'd');
        await swap('d', 'l');
        await swap('x', 'd');
      }
    })();
    for (let i = 0; i < 300; i++) {
      seen.add(await use('fs.read', { path: 'd/f' }).catch(({ code }: { code: string }) => code));
      seen.add(await use('fs.list', { path: 'd' }).catch(({ code }: { code: string }) => code));
      seen.add(await use('fs.remove', { path: 'd/none' }).catch(({ code }: { code: string }) => code));
    }
    busy = false;
    await swapping;
    expect([...seen].filter((told) => !['inside', 'f 6', 'DENIED', 'TOOL_FAILED'].includes(told))).toEqual([]);
  });

  it('writes inside while a link changes its mind', { timeout: 120_000 }, async () => {
    await mkdir(join(workspace, 'in'), { recursive: true });
    await mkdir(join(place, 'out'));
    await symlink('in', join(workspace, 'd'));
    let busy = true;
    const turning = (async () => {
      for (let i = 0; busy; i++) {
        await symlink(i % 2 === 0 ? '../out' : 'in', join(workspace, 'next'));
        await rename(join(workspace, 'next'), join(workspace, 'd'));
      }
    })();
    const failed = new Set<string>();
    for (let i = 0; i < 200; i++)
      await use('fs.write', { path: `d/n${i % 5}/f`, text: 'x' }).catch(({ code }: { code: string }) => failed.add(code));
    busy = false;
    await turning;
    expect([...failed].filter((code) => code !== 'DENIED')).toEqual([]);
    expect(await readdir(join(place, 'out'))).toEqual([]);
  });

  it('keeps to its limits, and says which', async () => {
    await expect(use('fs.write', { path: 'a', text: 'x'.repeat(1_001) })).rejects.toThrow(/1001 bytes are more than the 1000/);
    for (let i = 0; i < 5; i++) await use('fs.write', { path: `f${i}`, text: 'x'.repeat(1_000) });
    await expect(use('fs.write', { path: 'f5', text: 'x' })).rejects.toThrow(/may hold 5000 bytes/);
    await use('fs.write', { path: 'f0', text: 'short' });
    await expect(use('fs.write', { path: 'f5', text: 'x' }, { maxFiles: 5 })).rejects.toThrow(/may hold 5 files/);
    await writeFile(join(workspace, 'long'), 'y'.repeat(3_000));
    expect(await use('fs.read', { path: 'long' })).toMatch(/y\n\[cut: the first 1000 of 3000 bytes are shown\]$/);
    expect(await use('fs.list', {}, { maxEntries: 3 })).toMatch(/\[cut: there are more than 3\]$/);
    expect(await use('fs.search', { text: 'x' }, { maxEntries: 2 })).toMatch(/\[cut: there may be more than 2\]$/);
  });

  it('leaves nothing half written, and no paths of the machine in its words', async () => {
    await use('fs.write', { path: 'd/f', text: 'x' });
    await expect(use('fs.write', { path: 'd', text: 'x' })).rejects.toThrow(/^fs: d is a folder\.$/);
    await expect(use('fs.write', { path: 'd/f/g', text: 'x' })).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.not.stringContaining(place),
    });
    await expect(use('fs.read', { path: 'd/none' })).rejects.toThrow(/^fs: d\/none is not there\.$/);
    expect(await readdir(join(workspace, 'd'))).toEqual(['f']);
  });

  it('has no tools that write where it may not', async () => {
    await expect(use('fs.write', { path: 'a', text: 'x' }, { writable: false })).rejects.toThrow('no fs.write');
  });
});
