import { describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { findSecrets } from '../src/secrets/find-secrets.ts';

const resolved = (yaml: string, env: Record<string, string> = {}): Config =>
  resolveConfig({}, { env, cwd: '/home', readFile: (path) => (path === '/home/openclaw.yaml' ? yaml : undefined) });

const problem = (yaml: string): string => {
  try {
    resolved(yaml);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('The configuration was accepted.');
};

const at = (line: number): string => `/home/openclaw.yaml:${line}: `;

describe('agents with code, tools and servers', () => {
  const yaml = `
agents:
  clerk:
    module: ./agents/clerk.ts
    uses: [http.fetch, mcp.files.*]
    permissions: {allow: [fs.read], ask: [mcp.files.*], deny: [shell.run]}
    secrets: {crm: secret://env/CRM}
    dedicated: true
    snapshotInterval: 5s
  plain: {instructions: Hello, uses: [calc]}
tools:
  calc: false
  http: {allow: ["*.example.com"], ports: [443], methods: [GET, POST], timeout: 5s, maxBytes: 1MiB}
  fs: {writable: true, maxFiles: 100, maxTotalBytes: 10 MB}
  shell: {programs: [git], env: {LANG: C, KEY: secret://env/CRM}, timeout: 1m}
  ask: [shell.run]
  maxResultBytes: 64KiB
mcp:
  files: {command: npx, args: [server-files], env: {TOKEN: secret://env/CRM, NODE_ENV: production}, pin: sha256:00, timeout: 10s}
  far: {url: https://mcp.example.com/mcp, headers: {authorization: secret://env/CRM}, startTimeout: 2s}
threads: {perThread: 8, heapMiB: 128}
cluster: {maxThreads: 3, snapshotInterval: 2s}
`;
  const config = (): Config => resolved(yaml, { CRM: 'crm-key-1' });

  test('are resolved with units in their names and places made absolute', () => {
    const { agents, tools, mcp, threads, cluster } = config();
    expect(agents['clerk']).toMatchObject({
      module: { url: 'file:///home/agents/clerk.ts', namedAt: '/home/openclaw.yaml:4: agents.clerk.module' },
      uses: ['http.fetch', 'mcp.files.*'],
      permissions: { allow: ['fs.read'], ask: ['mcp.files.*'], deny: ['shell.run'] },
      dedicated: true,
      snapshotIntervalMs: 5_000,
    });
    expect(agents['clerk']?.secrets?.['crm']?.reveal()).toBe('crm-key-1');
    expect(agents['plain']).toEqual({ instructions: 'Hello', uses: ['calc'] });
    expect(tools).toMatchObject({
      calc: false,
      http: { allow: ['*.example.com'], ports: [443], methods: ['GET', 'POST'], timeoutMs: 5_000, maxBytes: 1_048_576 },
      fs: { writable: true, maxFiles: 100, maxTotalBytes: 10_000_000 },
      shell: { programs: ['git'], env: { LANG: 'C' }, timeoutMs: 60_000 },
      ask: ['shell.run'],
      maxResultBytes: 65_536,
    });
    expect(mcp['files']).toMatchObject({
      kind: 'stdio',
      command: 'npx',
      args: ['server-files'],
      cwd: '/home',
      timeoutMs: 10_000,
      pin: 'sha256:00',
    });
    expect(mcp['far']).toMatchObject({ kind: 'http', url: 'https://mcp.example.com/mcp', startTimeoutMs: 2_000 });
    expect(threads).toEqual({ max: 3, perThread: 8, heapMiB: 128 });
    expect(cluster.snapshotIntervalMs).toBe(2_000);
  });

  test('have their secrets found, and plain values are none', () => {
    expect(findSecrets(config()).map(({ name }) => name)).toEqual([
      'agents.clerk.secrets.crm',
      'tools.shell.env.KEY',
      'mcp.files.env.TOKEN',
      'mcp.far.headers.authorization',
    ]);
  });

  test('without any of it, nothing is there', () => {
    expect(resolved('')).toMatchObject({ agents: { default: {} }, tools: {}, mcp: {}, threads: {}, secrets: { refreshMs: 60_000 } });
  });
});

describe('what is wrong is said with its line', () => {
  test.each([
    ['agents:\n  a: {dedicated: true}\n', `${at(2)}agents.a.dedicated: is for agents with code. Name its file: agents.a.module.`],
    ['agents:\n  a: {secrets: {x: y}}\n', `${at(2)}agents.a.secrets: is for agents with code.`],
    ['agents:\n  a: {dedicatd: true}\n', `${at(2)}agents.a.dedicatd: unknown key. Did you mean "dedicated"?`],
    ['agents:\n  a: {permissions: {alow: [x]}}\n', `${at(2)}agents.a.permissions.alow: unknown key. Did you mean "allow"?`],
    ['agents:\n  a: {uses: calc}\n', `${at(2)}agents.a.uses: "calc" is not a list.`],
    [
      'agents:\n  a: {uses: [mcp.fils.*]}\nmcp:\n  files: {command: x}\n',
      `${at(2)}agents.a.uses.0: there is no MCP server "fils". Did you mean "files"?`,
    ],
    [
      'agents:\n  a: {module: x, secrets: {k: "secret://exec/none"}}\n',
      `${at(2)}agents.a.secrets.k: There is no secrets.exec.none. Known: none.`,
    ],
    ['tools: {htpp: {}}\n', `${at(1)}tools.htpp: unknown key. Did you mean "http"?`],
    [
      'tools: {http: {methods: [get]}}\n',
      `${at(1)}tools.http.methods.0: "get" is not "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE". Did you mean "GET"?`,
    ],
    ['tools: {shell: {}}\n', `${at(1)}tools.shell.programs: is missing. Expected a list.`],
    ['mcp:\n  x: {}\n', `${at(2)}mcp.x: needs either a command, for a program of this machine, or a url.`],
    ['mcp:\n  x: {url: "http://x", env: {A: b}}\n', `${at(2)}mcp.x.env: is for servers with a command.`],
    ['mcp:\n  x.y: {command: x}\n', `${at(2)}mcp.x.y: is no name for a server`],
    ['threads: {max: 0}\n', `${at(1)}threads.max: 0 is not a whole number from 1 to 10000.`],
  ])('%j', (yaml, message) => {
    expect(problem(yaml)).toContain(message);
  });

  test('and values of headers and variables are not shown', () => {
    const said = problem('mcp:\n  x: {url: "http://x", headers: {a: [hunter2]}, env: {b: {c: hunter2}}}\n');
    expect(said).not.toContain('hunter2');
    expect(said).toContain('mcp.x.headers.a: the value (not shown) is not');
  });
});
