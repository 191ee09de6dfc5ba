import type { McpServerState, OpenHouseTools } from '@openclaw-runtime/tools';
import { plainJson, plainLine } from '../commands/plain.ts';
import { createStyle, type Style } from '../commands/style.ts';
import type { World } from '../commands/world.ts';
import type { Config, McpSettings } from '../config/config.ts';
import { configOf, interruptible } from '../data/options.ts';
import { serverOf } from '../house/mcp-servers.ts';
import { loginsOf, type McpOptions, serverNamed } from './options.ts';

/** What is told of a server. */
interface Listed {
  readonly name: string;
  readonly transport: 'http' | 'stdio';
  /** `ready`; `locked`: somebody has to log in; `refused`: its tools are not the pinned ones; else it is not there. */
  readonly state: McpServerState['phase'];
  readonly why?: string;
  readonly tools: readonly { readonly name: string; readonly description?: string; readonly asks: boolean }[];
  readonly pin: 'kept' | 'broken' | 'none' | 'unknown';
  /** Of the tools that were seen. */
  readonly hash?: string;
}

/** Connects to the configured MCP servers, or to one, and prints how they are. Resolves with the exit code. */
export function listServers(name: string | undefined, options: McpOptions, world: World): Promise<number> {
  return interruptible(world, async (signal) => {
    const config = configOf(options, world);
    if (name !== undefined) serverNamed(name, config);
    const chosen = Object.entries(config.mcp).filter(([each]) => name === undefined || each === name);
    const servers = chosen.length === 0 ? [] : await look(Object.fromEntries(chosen), config, world, signal);
    if (options.json) world.out.write(`${plainJson({ servers })}\n`);
    else if (servers.length === 0) world.err.write('claw: no MCP servers are configured: see mcp: in claw help config\n');
    else print(servers, name !== undefined, createStyle(world, world.out), world);
    return servers.every(({ state }) => state === 'ready') ? 0 : 1;
  });
}

/** Without their pins, so that what is refused can be looked at. */
async function look(chosen: Config['mcp'], config: Config, world: World, signal: AbortSignal): Promise<readonly Listed[]> {
  const { createMachine, openHouseTools } = await import('@openclaw-runtime/tools');
  const { clock, random } = world;
  const machine = createMachine(world.config.env, random);
  const options = Object.entries(chosen).map(([name, server]) => [name, withoutPin(serverOf(server))] as const);
  const { ask } = config.tools;
  const tools = await openHouseTools(
    { calc: false, mcp: Object.fromEntries(options), ...(ask && { needsApproval: ask }) },
    { clock, random, machine, note: () => undefined, logins: loginsOf(config, world) },
  );
  try {
    signal.throwIfAborted();
    return tools.servers().map((state) => listed(state, chosen, tools));
  } finally {
    await tools.close();
  }
}

type Options = ReturnType<typeof serverOf>;

function withoutPin(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([word]) => word !== 'pin')) as unknown as Options;
}

function listed({ name, phase, hash, why }: McpServerState, chosen: Config['mcp'], tools: OpenHouseTools): Listed {
  const { pin, kind } = chosen[name] as McpSettings;
  const prefix = `mcp.${name}.`;
  const own = tools.list().filter(({ card }) => card.name.startsWith(prefix));
  const broken = phase === 'ready' && pin !== undefined && pin !== hash;
  return {
    name,
    transport: kind,
    state: broken ? 'refused' : phase,
    ...(broken ? { why: `its tools are not those of the pin ${pin}` } : why === undefined ? {} : { why }),
    tools: own.map(({ card: { name: full, description, needsApproval } }) => ({
      name: full.slice(prefix.length),
      ...(description === undefined ? {} : { description }),
      asks: needsApproval,
    })),
    pin: pin === undefined ? 'none' : phase !== 'ready' ? 'unknown' : broken ? 'broken' : 'kept',
    ...(hash === undefined ? {} : { hash }),
  };
}

function print(servers: readonly Listed[], whole: boolean, style: Style, { out }: World): void {
  const rows = servers.map(({ name, transport, state, tools, pin }) => [name, transport, state, String(tools.length), pin]);
  const head = ['NAME', 'TRANSPORT', 'STATE', 'TOOLS', 'PIN'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  out.write(`${style.dim(line(head))}\n`);
  for (const [i, { name, state, why, tools, pin, hash }] of servers.entries()) {
    const text = line(rows[i] ?? []);
    out.write(`${state === 'ready' ? text : style.yellow(text)}\n`);
    if (why !== undefined) out.write(`  ${plainLine(why)}\n`);
    if (hash !== undefined && pin !== 'kept') out.write(style.dim(`  mcp.${name}.pin: ${hash}\n`));
    if (whole) for (const tool of tools) out.write(`  ${toolLine(tool)}\n`);
  }
}

function toolLine({ name, description = '', asks }: Listed['tools'][number]): string {
  const [first = ''] = description.split('\n');
  return plainLine(`${name}${asks ? ' (asks a person)' : ''}${first === '' ? '' : `: ${first.slice(0, 200)}`}`);
}
