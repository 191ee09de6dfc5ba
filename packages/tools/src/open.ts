import type { HouseTool, HouseTools } from '@openclaw-runtime/agent';
import type { Clock, Random } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createCalcTool } from './calc/calc-tool.ts';
import { createFsTools } from './fs/fs-tools.ts';
import { createHttpTool } from './http/fetch-tool.ts';
import type { Machine } from './machine/port.ts';
import type { Consent } from './mcp/consent.ts';
import { createMemoryLogins, type Logins } from './mcp/logins.ts';
import { type McpServer, type McpServerState, startServer } from './mcp/server.ts';
import type { HouseToolOptions } from './options.ts';
import { createShellTool } from './shell/shell-tool.ts';
import { MAX_RESULT_BYTES } from './tool/bounded.ts';
import type { House } from './tool/create-tool.ts';
import { matchesName } from './tool/patterns.ts';

export interface ToolPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly machine: Machine;
  /** Something that whoever runs the server should know, such as an MCP server that ended. */
  readonly note: (text: string) => void;
  /** Where people's logins to MCP servers are kept; absent: in memory. */
  readonly logins?: Logins;
  /** Somebody with a browser; absent: nobody logs in here. */
  readonly consent?: Consent;
}

export interface OpenHouseTools extends HouseTools {
  /** How the MCP servers are. */
  servers(): readonly McpServerState[];
}

/** How long opening waits for MCP servers; those that take longer come when they come. */
const OPENING_MS = 10_000;
const SERVER_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Throws `BAD_CONFIG`. `close` ends the MCP servers and every connection. */
export async function openHouseTools(options: HouseToolOptions, ports: ToolPorts): Promise<OpenHouseTools> {
  const patterns = options.needsApproval ?? ['shell.run'];
  const house: House = {
    clock: ports.clock,
    maxResultBytes: options.maxResultBytes ?? MAX_RESULT_BYTES,
    needsApproval: (name) => matchesName(patterns, name),
  };
  const own = new Map(createOwnTools(house, options, ports.machine).map((tool) => [tool.card.name, tool]));
  const servers = startServers(house, options, ports);
  await firstTry(servers, ports.clock);
  return {
    find: (name) => own.get(name) ?? servers.flatMap((server) => server.tools()).find(({ card }) => card.name === name),
    list: () => [...own.values(), ...servers.flatMap((server) => server.tools())],
    servers: () => servers.map((server) => server.state()),
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      await ports.machine.close();
    },
  };
}

function createOwnTools(house: House, { http, fs, shell, calc = true }: HouseToolOptions, machine: Machine): readonly HouseTool[] {
  return [
    ...(calc ? [createCalcTool(house)] : []),
    ...(http
      ? [
          createHttpTool(house, machine.web, {
            deny: [],
            ports: [80, 443],
            allowAddresses: [],
            methods: ['GET', 'HEAD'],
            timeoutMs: 30_000,
            maxBytes: 1_048_576,
            ...http,
          }),
        ]
      : []),
    ...(fs
      ? createFsTools(house, machine.openFolder, {
          writable: true,
          maxFileBytes: 1_048_576,
          maxFiles: 10_000,
          maxTotalBytes: 268_435_456,
          maxEntries: 1_000,
          timeoutMs: 30_000,
          ...fs,
        })
      : []),
    ...(shell
      ? [
          createShellTool(house, machine.processes, machine.openFolder, {
            path: ['/usr/local/bin', '/usr/bin', '/bin'],
            env: {},
            network: false,
            readable: [],
            unsandboxed: false,
            timeoutMs: 60_000,
            maxOutputBytes: 32_768,
            ...shell,
          }),
        ]
      : []),
  ];
}

function startServers(
  house: House,
  { mcp = {}, identity = { name: 'openclaw-runtime', version: '0' } }: HouseToolOptions,
  ports: ToolPorts,
): readonly McpServer[] {
  const { clock, random, machine, note, consent, logins = createMemoryLogins() } = ports;
  const { processes, fetch, env } = machine;
  const wrong = Object.keys(mcp).find((name) => !SERVER_NAME.test(name));
  if (wrong !== undefined)
    throw new OpenClawError('BAD_CONFIG', `tools.mcp: ${JSON.stringify(wrong)} is no name for a server: use letters, digits, _ and -.`);
  const { maxResultBytes, needsApproval } = house;
  return Object.entries(mcp).map(([name, options]) => {
    const { timeoutMs = 60_000, startTimeoutMs = 30_000 } = options;
    const setup = { name, options, timeoutMs, startTimeoutMs, maxResultBytes, needsApproval };
    return startServer(setup, { clock, random, processes, fetch, env, note, logins, consent, identity });
  });
}

async function firstTry(servers: readonly McpServer[], clock: Clock): Promise<void> {
  if (servers.length === 0) return;
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(OPENING_MS, late.resolve);
  await Promise.race([Promise.all(servers.map(({ tried }) => tried)), late.promise]);
  cancel();
}
