import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HouseTool } from '@openclaw-runtime/agent';
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenFolder } from '../src/machine/folder.ts';
import { createProcesses } from '../src/machine/processes.ts';
import { createKept } from '../src/process/kept.ts';
import type { Ended, Processes, ProcessSpec } from '../src/process/port.ts';
import { sandboxArgs } from '../src/shell/sandbox.ts';
import { createShellTool, type ShellOptions } from '../src/shell/shell-tool.ts';
import { callOf } from './call.ts';

describe('programs', () => {
  let workspace: string;
  beforeEach(async () => {
    workspace = await realpath(await mkdtemp(join(tmpdir(), 'openclaw-shell-')));
  });
  afterEach(() => rm(workspace, { recursive: true }));

  const OPTIONS: ShellOptions = {
    programs: ['sh', 'cat', 'true'],
    path: ['/usr/bin', '/bin'],
    env: { GREETING: 'hello' },
    network: false,
    readable: [],
    unsandboxed: false,
    timeoutMs: 20_000,
    maxOutputBytes: 2_000,
  };

  function toolOf(processes: Processes, options: Partial<ShellOptions> = {}): HouseTool {
    const house = { clock: systemClock, maxResultBytes: 65_536, needsApproval: () => true };
    return createShellTool(house, processes, createOpenFolder(seededRandom(1)), { ...OPTIONS, ...options });
  }

  /** Processes that are not started; bubblewrap is there, or there and broken, or not there. */
  function acted(bubblewrap: 'works' | 'broken' | 'absent'): Processes & { readonly started: ProcessSpec[] } {
    const started: ProcessSpec[] = [];
    return {
      started,
      find: async (program) =>
        program === 'bwrap' && bubblewrap === 'absent' ? undefined : program === 'gone' ? undefined : `/usr/bin/${program}`,
      start(spec) {
        started.push(spec);
        const ended: Ended = { code: spec.command.endsWith('bwrap') && bubblewrap === 'broken' ? 1 : 0, signal: null };
        return {
          pid: 1,
          stdout: nothing(),
          stderr: nothing(),
          write: async () => {},
          endInput: () => {},
          ended: Promise.resolve(ended),
          kill: () => {},
        };
      },
    };
  }

  async function* nothing(): AsyncGenerator<Uint8Array> {}

  describe('which way a program is run', () => {
    it('in bubblewrap, which is tried once', async () => {
      const processes = acted('works');
      const tool = toolOf(processes);
      await tool.execute({ argv: ['sh', '-c', '$(x); `y` | z'] }, callOf(workspace));
      await tool.execute({ argv: ['cat'] }, callOf(workspace));
      const [trial, first, second] = processes.started;
      const box = sandboxArgs({ workspace, network: false, readable: [] });
      expect(processes.started.length).toBe(3);
      expect(trial).toEqual({ command: '/usr/bin/bwrap', args: [...box, '/usr/bin/true'], env: {} });
      expect(first).toEqual({
        command: '/usr/bin/bwrap',
        args: [...box, '/usr/bin/sh', '-c', '$(x); `y` | z'],
        env: { PATH: '/usr/bin:/bin', HOME: workspace, GREETING: 'hello' },
      });
      expect(second?.args.slice(-2)).toEqual(['--', '/usr/bin/cat']);
    });

    it('not at all where there is none, or one that does not work', async () => {
      for (const bubblewrap of ['absent', 'broken'] as const) {
        const processes = acted(bubblewrap);
        await expect(toolOf(processes).execute({ argv: ['cat'] }, callOf(workspace))).rejects.toMatchObject({
          code: 'DENIED',
          message: expect.stringMatching(/Install bubblewrap/),
        });
        expect(processes.started.every(({ args }) => args.at(-1) === '/usr/bin/true')).toBe(true);
      }
    });

    it('in bubblewrap again where that did not work once', async () => {
      const broken = acted('broken');
      const working = acted('works');
      let now: Processes = broken;
      const tool = toolOf({ find: (...args) => now.find(...args), start: (spec) => now.start(spec) }, { unsandboxed: true });
      await tool.execute({ argv: ['cat'] }, callOf(workspace));
      now = working;
      await tool.execute({ argv: ['cat'] }, callOf(workspace));
      expect(broken.started.map(({ command }) => command)).toEqual(['/usr/bin/bwrap', '/usr/bin/cat']);
      expect(working.started.map(({ command }) => command)).toEqual(['/usr/bin/bwrap', '/usr/bin/bwrap']);
    });

    it('as it is where that was allowed', async () => {
      const processes = acted('absent');
      await toolOf(processes, { unsandboxed: true }).execute({ argv: ['cat', '-'] }, callOf(workspace));
      expect(processes.started).toMatchObject([{ command: '/usr/bin/cat', args: ['-'], cwd: workspace }]);
    });

    it('never, when it is not exactly on the list', async () => {
      const processes = acted('works');
      const tool = toolOf(processes, { programs: ['cat', 'gone'], unsandboxed: true });
      for (const program of ['sh', 'Cat', '/bin/cat', './cat', 'cat ', 'cat;sh', '../bin/cat', '']) {
        await expect(tool.execute({ argv: [program] }, callOf(workspace)), program).rejects.toMatchObject({ code: 'DENIED' });
      }
      await expect(tool.execute({ argv: ['cat', 'a\0b'] }, callOf(workspace))).rejects.toMatchObject({ code: 'DENIED' });
      await expect(tool.execute({ argv: ['gone'] }, callOf(workspace))).rejects.toThrow(/not installed/);
      await expect(tool.execute({ argv: ['cat'] }, callOf())).rejects.toThrow(/no workspace/);
      await expect(tool.execute({ argv: [] }, callOf(workspace))).rejects.toMatchObject({ code: 'TOOL_FAILED' });
      expect(processes.started).toEqual([]);
    });

    it('shows the sandbox no more than it has to', () => {
      const args = sandboxArgs({ workspace: '/data/w', network: false, readable: ['/opt/node'] });
      expect(args).toContain('--unshare-all');
      expect(args).toContain('--die-with-parent');
      expect(args).not.toContain('--share-net');
      const writable = args.flatMap((arg, at) => (arg === '--bind' ? [args[at + 1]] : []));
      const readable = args.flatMap((arg, at) => (arg === '--ro-bind-try' ? [args[at + 1]] : []));
      expect(writable).toEqual(['/data/w']);
      expect(readable).toContain('/opt/node');
      for (const hidden of ['/', '/etc', '/root', '/home', '/var', '/run', '/data', '/etc/shadow', '/etc/resolv.conf'])
        expect(readable).not.toContain(hidden);
      expect(sandboxArgs({ workspace: '/data/w', network: true, readable: [] })).toContain('--share-net');
    });
  });

  const trial = spawnSync('bwrap', [...sandboxArgs({ workspace: tmpdir(), network: false, readable: [] }), 'true']);
  const sandboxed = trial.status === 0;
  console.log(
    `shell.run: programs are run ${sandboxed ? 'in bubblewrap' : 'as they are: bubblewrap is not there, or may not make namespaces'}`,
  );

  describe(`real programs, ${sandboxed ? 'in bubblewrap' : 'unsandboxed'}`, () => {
    const tool = toolOf(createProcesses(), { unsandboxed: !sandboxed });
    const sh = (script: string, more: object = {}): Promise<string> =>
      tool.execute({ argv: ['sh', '-c', script], ...more }, callOf(workspace));

    it('tells how they ended and what they said', async () => {
      expect(await sh('cat; echo $GREETING; echo oops >&2; exit 3', { input: 'in\n' })).toBe(
        'exit code 3\n--- stdout ---\nin\nhello\n--- stderr ---\noops',
      );
      expect(await tool.execute({ argv: ['true'] }, callOf(workspace))).toBe('exit code 0');
    });

    it('lets them write to the workspace, and gives them no more of the environment than was listed', async () => {
      expect(await sh('pwd > made; env | sort | cut -d= -f1 | grep -v -e _ -e SHLVL -e OLDPWD | tr "\\n" " "')).toMatch(
        /GREETING HOME PATH PWD/,
      );
      expect(await readFile(join(workspace, 'made'), 'utf8')).toBe(`${workspace}\n`);
    });

    it('shows them nothing else of the machine when they are in a sandbox', async () => {
      const secret = await mkdtemp(join(tmpdir(), 'openclaw-secret-'));
      await writeFile(join(secret, 'f'), 'secret');
      const told = await sh(
        `cat ${secret}/f; cat /proc/${process.pid}/environ; cat /etc/shadow; ${sandboxed ? 'touch /usr/x /x;' : ''} [ -w /proc/sys/kernel/core_pattern ] && echo writable; ls /sys/class/net /home /root; kill -0 ${process.pid} && echo reached; echo done`,
      );
      await rm(secret, { recursive: true });
      expect(told).toContain('done');
      // Without a sandbox they see what the server sees: that is what `unsandboxed` says.
      expect(/^secret$|^writable$|^reached$/m.test(told.replace(/--- stderr[^]*/, ''))).toBe(!sandboxed);
    });

    it('keeps the beginning and the end of long output, and ends a flood', async () => {
      const told = await sh('i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done');
      expect(told).toMatch(/line 0\n[^]*\[cut: \d+ bytes are not shown\]\n[^]*line 2999$/);
      expect(told.length).toBeLessThan(2_200);
      expect(await sh('cat /dev/zero')).toMatch(/^ended after 67108864 bytes of output/);
    });

    it('ends them with everything they started, by time and by signal', { timeout: 60_000 }, async () => {
      const mark = `openclaw-mark-${process.pid}`;
      const alive = (): string =>
        execFileSync('sh', ['-c', `ps -eo stat,args | grep -v "^Z" | grep "[s]leep 9${process.pid}" || true`], { encoding: 'utf8' });
      const script = `# ${mark}\n(sleep 9${process.pid} &) ; sleep 9${process.pid}`;
      await expect(sh(script, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'TOOL_TIMEOUT' });
      await expect.poll(alive, { timeout: 10_000 }).toBe('');
      const controller = new AbortController();
      const pending = tool.execute({ argv: ['sh', '-c', script] }, callOf(workspace, controller.signal));
      await expect.poll(alive, { timeout: 10_000 }).not.toBe('');
      controller.abort('enough');
      await expect(pending).rejects.toBe('enough');
      await expect.poll(alive, { timeout: 10_000 }).toBe('');
      // What is left behind by one that ends by itself goes with it.
      expect(await sh(`sleep 9${process.pid} & exit 0`)).toBe('exit code 0');
      await expect.poll(alive, { timeout: 10_000 }).toBe('');
    });
  });

  it('says when a program cannot be started', async () => {
    const child = createProcesses().start({ command: '/nowhere/to/be/found', args: [], env: {} });
    const chunks: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of child.stdout) chunks.push(chunk);
    })().catch(() => {});
    expect(await child.ended).toMatchObject({ failure: expect.stringContaining('ENOENT') });
    await reading;
    await child.write('x');
    child.kill('now');
  });

  it('keeps beginnings and ends whatever the pieces', () => {
    for (const size of [1, 7, 50, 1_000]) {
      const kept = createKept(20);
      const text = 'abcdefghij'.repeat(10);
      for (let at = 0; at < text.length; at += size) kept.add(Buffer.from(text.slice(at, at + size)));
      expect(kept.text(), `${size}`).toBe('abcdefghij\n[cut: 80 bytes are not shown]\nabcdefghij');
    }
    const short = createKept(20);
    short.add(Buffer.from('short'));
    expect(short.text()).toBe('short');
  });
});
