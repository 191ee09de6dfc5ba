import { resolve } from 'node:path';
import type { McpSettings, ToolSettings, Value } from './config.ts';
import { resolveMcpAuth } from './mcp-auth.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';
import type { SecretAt } from './secrets.ts';

type FileServer = NonNullable<FileConfig['mcp']>[string];

/** Options of the house's tools, units in their names. What is absent is the tools' to choose. */
export function resolveTools({ tools = {} }: FileConfig, secretAt: SecretAt): ToolSettings {
  const { http, fs, shell, ...rest } = tools;
  return {
    ...rest,
    ...(http && { http: timed(http) }),
    ...(fs && { fs: timed(fs) }),
    ...(shell && { shell: { ...timed(shell), ...(shell.env && { env: valuesOf(shell.env, ['tools', 'shell', 'env'], secretAt) }) } }),
  };
}

/** MCP servers by name; those that can be nothing become problems. */
export function resolveMcp(
  { mcp = {} }: FileConfig,
  folder: string,
  secretAt: SecretAt,
  problems: Problem[],
): Readonly<Record<string, McpSettings>> {
  const servers = Object.entries(mcp).map(([key, server]) => {
    const path = ['mcp', key];
    if (!/^[\w-]{1,64}$/.test(key)) problems.push({ path, says: 'is no name for a server: 1–64 letters, digits, _ and -.' });
    return [key, serverOf(server, path, folder, secretAt, problems)] as const;
  });
  return Object.fromEntries(servers);
}

/** Agents name tools of servers as `mcp.SERVER.TOOL`: the server is to be there. */
export function checkUses({ agents = {}, mcp = {} }: FileConfig, problems: Problem[]): void {
  const known = Object.keys(mcp);
  for (const [key, { uses = [] }] of Object.entries(agents)) {
    for (const [i, pattern] of uses.entries()) {
      const [, server] = /^mcp\.([^.*]+)\./.exec(pattern) ?? [];
      if (server === undefined || known.includes(server)) continue;
      const near = nearest(server, known);
      const list = near === undefined ? `Known: ${known.join(', ') || 'none'}.` : `Did you mean "${near}"?`;
      problems.push({ path: ['agents', key, 'uses', i], says: `there is no MCP server "${server}". ${list}` });
    }
  }
}

function serverOf(server: FileServer, path: readonly string[], folder: string, secretAt: SecretAt, problems: Problem[]): McpSettings {
  const { command, args, env, cwd, url, headers, auth, timeout, startTimeout, ...rest } = server;
  const common = {
    ...rest,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(startTimeout === undefined ? {} : { startTimeoutMs: startTimeout }),
  };
  if ((command === undefined) === (url === undefined)) {
    const says = 'needs either a command, for a program of this machine, or a url.';
    problems.push({ path, says });
  }
  const stray = Object.keys(url === undefined ? { headers, auth } : { args, env, cwd }).filter(
    (word) => server[word as keyof FileServer] !== undefined,
  );
  for (const word of stray)
    problems.push({ path: [...path, word], says: `is for servers with a ${url === undefined ? 'url' : 'command'}.` });
  if (url !== undefined) {
    const given = headers && valuesOf(headers, [...path, 'headers'], secretAt);
    const login = auth && resolveMcpAuth(auth, [...path, 'auth'], secretAt, problems);
    return { ...common, kind: 'http', url, ...(given && { headers: given }), ...(login && { auth: login }) };
  }
  return {
    ...common,
    kind: 'stdio',
    command: command ?? '',
    cwd: resolve(folder, cwd ?? '.'),
    ...(args && { args }),
    ...(env && { env: valuesOf(env, [...path, 'env'], secretAt) }),
  };
}

/** Only references are secrets: other values are plain, so that a common word is not hidden from every log. */
function valuesOf(written: Readonly<Record<string, string>>, path: readonly string[], secretAt: SecretAt): Readonly<Record<string, Value>> {
  const entries = Object.entries(written).map(
    ([name, value]) => [name, value.startsWith('secret:') ? secretAt(value, [...path, name]) : value] as const,
  );
  return Object.fromEntries(entries);
}

function timed<T extends { readonly timeout?: number }>({ timeout, ...rest }: T): Omit<T, 'timeout'> & { readonly timeoutMs?: number } {
  return { ...rest, ...(timeout === undefined ? {} : { timeoutMs: timeout }) };
}
