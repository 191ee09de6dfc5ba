import type { Command } from 'commander';
import type { ServerOptions } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { explained, withAddress, withConfig } from '../help/explained.ts';
import type { LoginOptions } from './login.ts';
import type { McpOptions } from './options.ts';

/** Adds `claw mcp list|login|logout|serve`. */
export function addMcpCommands(mcp: Command, world: World, ended: (code: number) => void): void {
  explained(mcp, MCP).helpCommand(false);

  withConfig(explained(mcp.command('list'), LIST))
    .argument('[server]', 'only this one, with its tools')
    .option('--json', 'print {"servers": [{"name", "transport", "state", "why", "tools", "pin", "hash"}]} as one line of JSON')
    .action(async (server: string | undefined, options: McpOptions) =>
      ended(await (await import('./list.ts')).listServers(server, options, world)),
    );

  withConfig(explained(mcp.command('login'), LOGIN))
    .argument('<server>', 'its name in the configuration')
    .option('--timeout <duration>', 'how long the browser may take', '10m')
    .option('--json', 'print {"server", "asked", "tools", "hash", "scope"} as one line of JSON')
    .action(async (server: string, options: LoginOptions) => ended(await (await import('./login.ts')).login(server, options, world)));

  withConfig(explained(mcp.command('logout'), LOGOUT))
    .argument('<server>', 'its name in the configuration')
    .option('--json', 'print {"server", "had"} as one line of JSON')
    .action(async (server: string, options: McpOptions) => ended(await (await import('./logout.ts')).logout(server, options, world)));

  withConfig(withAddress(explained(mcp.command('serve'), SERVE))).action(async (options: ServerOptions) =>
    ended(await (await import('./serve.ts')).serveMcp(options, world)),
  );
}

const MCP = {
  description: 'Look at the MCP servers of the configuration, and log in to those that ask for it; or be one.',
  examples: [
    ['claw mcp list', 'how each of them is'],
    ['claw mcp login tracker', 'with a browser'],
    ['claw mcp serve', 'agents as tools, for programs that start their MCP servers'],
  ],
  exits: [
    ['0', 'done'],
    ['1', 'an error'],
    ['130', 'interrupted'],
  ],
} as const;

const LIST = {
  description: 'Connect to the MCP servers and say how they are: by what they are reached, their state, their tools, their pin.',
  examples: [
    ['claw mcp list', 'all of them, a line each'],
    ['claw mcp list files', 'one of them with its tools, to look at before it is pinned'],
    ['claw mcp list --json | jq -r ".servers[].hash"', 'the hashes of their tools'],
  ],
  exits: [
    ['0', 'all are ready'],
    ['1', 'one is not: it wants a login, its tools are not the pinned ones, or it does not answer'],
    ['130', 'interrupted'],
  ],
  more: ['Programs of this machine are started for it, and ended.'],
} as const;

const LOGIN = {
  description:
    'Log in to an MCP server with a browser (OAuth). Prints an address to visit, and waits at a port of 127.0.0.1 for the browser to come back.',
  examples: [
    ['claw mcp login tracker', 'a server that is running uses it within seconds'],
    ['claw mcp login tracker --timeout 1h', 'where somebody else has to say yes'],
    ['claw mcp login tracker --json | jq -r .hash', 'the hash of its tools; the address is on stderr'],
  ],
  exits: [
    ['0', 'logged in, or the server asks nobody to'],
    ['1', 'it was refused, took too long, or there was an error; an earlier login stays'],
    ['130', 'interrupted; an earlier login stays'],
  ],
  more: ['What came of it is in the data folder, readable by its owner only. Agents and models do not get it.'],
} as const;

const LOGOUT = {
  description: 'Forget the login to an MCP server. What the server itself remembers is for its own pages to end.',
  examples: [
    ['claw mcp logout tracker', 'its tools are not used until somebody logs in again'],
    ['claw mcp logout tracker --json | jq .had', 'whether there was a login'],
  ],
  exits: [
    ['0', 'there is no login any more'],
    ['1', 'there was an error'],
  ],
} as const;

const SERVE = {
  description: 'Be an MCP server on stdin and stdout whose tools are the agents. A running server has them over HTTP too, at /mcp.',
  examples: [
    ['claw mcp serve', 'the agents of this folder: of its server, or of one that lives as long as stdin'],
    ['claw mcp serve --url ws://10.0.0.5:18789', 'those of another machine'],
  ],
  exits: [
    ['0', 'stdin ended'],
    ['1', 'there is no server, and none could be opened'],
    ['130', 'interrupted'],
  ],
  more: ['Calls that are under way when stdin ends are cancelled.'],
} as const;
