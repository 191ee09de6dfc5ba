import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Server, startServer } from '../demo/server.ts';

const BIN = fileURLToPath(new URL('../../packages/openclaw-runtime/bin/claw.mjs', import.meta.url));

let data = '';
const open: { kill(): Promise<void> }[] = [];
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'claw-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.kill()));
  rmSync(data, { recursive: true });
});

async function serve(port?: number): Promise<Server> {
  const server = await startServer(data, port);
  open.push(server);
  return server;
}

/** A `claw` of its own, in an empty folder and without the variables of this machine. */
function claw(args: readonly string[], env: Record<string, string> = {}) {
  const flags = ['--conditions=openclaw-source', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, BIN, ...args], {
    cwd: data,
    // An Ollama that happens to run on this machine is not asked.
    env: { PATH: process.env.PATH, HOME: data, OLLAMA_HOST: '127.0.0.1:9', OPENCLAW_METRICS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  open.push({
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
    },
  });
  const ended = async () => {
    const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
    return { out, err, code };
  };
  return { child, ended };
}

const short = ['--model', 'simulated?tokens=5&ms=20'];

describe('claw', () => {
  test('run asks a server, and prints the same answer as JSON', async () => {
    const { url } = await serve();
    const plain = await claw(['run', '--url', url, ...short, 'hello']).ended();
    expect(plain).toMatchObject({ code: 0, err: '' });
    expect(plain.out.trim().split(' ')).toHaveLength(5);
    const json = await claw(['run', '--url', url, ...short, '--json', 'hello']).ended();
    expect(json.code).toBe(0);
    const result = JSON.parse(json.out) as { readonly text: string };
    expect(result).toMatchObject({ status: 'completed', reason: 'stop', thinking: '', run: expect.stringMatching(/^[\w-]{22}$/) });
    expect(result.text.trim()).toBe(plain.out.trim());
  });

  test('run without a server opens the data folder itself, and leaves it to be opened again', async () => {
    for (let i = 0; i < 2; i++) {
      const { out, err, code } = await claw(['run', ...short, '--data', 'd', 'hello']).ended();
      expect({ code, words: out.trim().split(' ').length }).toEqual({ code: 0, words: 5 });
      expect(err).toContain('opened');
      expect(err).toContain('simulated model');
    }
    expect(statSync(join(data, 'd')).mode & 0o777).toBe(0o700);
  });

  test('run finds the server that has the data folder open', async () => {
    await serve();
    const { err, code } = await claw(['run', ...short, '--data', '.', 'hello']).ended();
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  test('a second server on one data folder is refused', async () => {
    await serve();
    const { out, code } = await claw(['up', '--json', '--port', '0', '--data', '.']).ended();
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'DATA_LOCKED' } });
  });

  test('an answer goes on in the terminal when the server is killed and started again', async () => {
    const first = await serve();
    const running = claw(['run', '--url', first.url, '--model', 'simulated?tokens=40&ms=6000', 'hello']);
    await once(running.child.stdout, 'readable');
    const ended = running.ended();
    await first.kill();
    const second = await serve(Number(new URL(first.url).port));
    const { out, err, code } = await ended;
    const { out: unkilled } = await claw(['run', '--url', second.url, '--model', 'simulated?tokens=40&ms=0', 'hello']).ended();
    expect(code).toBe(0);
    expect(err).toContain('connected again');
    expect(out).toBe(unkilled);
  });

  test('an interrupt cancels the run', async () => {
    const { url } = await serve();
    const running = claw(['run', '--url', url, '--model', 'simulated?tokens=1000&ms=60000', 'hello']);
    await once(running.child.stdout, 'readable');
    const ended = running.ended();
    running.child.kill('SIGINT');
    const { err, code } = await ended;
    expect(code).toBe(130);
    expect(err).toBe('claw: the run was cancelled\n');
  });

  test('a request to stop drains the server, which frees its folder', async () => {
    const running = claw(['up', '--port', '0', '--data', 'd']);
    await once(running.child.stdout, 'readable');
    const ended = running.ended();
    running.child.kill('SIGTERM');
    const { out, err, code } = await ended;
    expect(code).toBe(0);
    expect(out).toMatch(/address +ws:\/\/127\.0\.0\.1:\d+/);
    expect(err).toContain('stopping');
    expect((await claw(['run', ...short, '--data', 'd', 'hello']).ended()).code).toBe(0);
  });

  test('errors are one line with a code', async () => {
    writeFileSync(join(data, 'openclaw.yaml'), 'server: {prot: 1}\n');
    const { err, code } = await claw(['up']).ended();
    expect(code).toBe(1);
    expect(err).toMatch(/^claw: BAD_CONFIG: .*openclaw\.yaml:1: server\.prot: unknown key\. Did you mean "port"\?\n$/);
    const { err: nobody } = await claw(['run', '--config', 'gone.yaml', 'x']).ended();
    expect(nobody).toMatch(/^claw: BAD_CONFIG: .*gone\.yaml: there is no such file/);
  });

  test('doctor looks at this machine', async () => {
    const { out, code } = await claw(['doctor', '--json', '--port', '0']).ended();
    const { ok, findings } = JSON.parse(out) as { readonly ok: boolean; readonly findings: readonly { readonly name: string }[] };
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
    expect(findings.map(({ name }) => name)).toEqual(['node', 'config', 'token', 'data', 'port', 'provider simulated']);
  });

  test('--version is that of the package', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../packages/openclaw-runtime/package.json', import.meta.url), 'utf8')) as {
      readonly version: string;
    };
    expect(await claw(['--version']).ended()).toEqual({ out: `${manifest.version}\n`, err: '', code: 0 });
  });
});
