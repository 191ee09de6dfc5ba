import type { HouseTool, HouseToolCall, ToolCard } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { boundText } from '../tool/bounded.ts';
import { matchesName } from '../tool/patterns.ts';
import { within } from '../tool/within.ts';
import { cardOf } from './card.ts';
import type { Link } from './link.ts';
import type { ListedTool } from './listed-tool.ts';
import type { McpServerOptions } from './options.ts';
import type { McpPorts } from './ports.ts';
import { type CallResult, tellResult } from './told.ts';

/** What its tools need of a server. */
interface Server {
  readonly name: string;
  link(signal: AbortSignal): Promise<Link>;
  lose(link: Link): void;
}

interface Setup {
  readonly options: Pick<McpServerOptions, 'tools' | 'approve'>;
  readonly timeoutMs: number;
  readonly maxResultBytes: number;
  readonly needsApproval: (name: string) => boolean;
}

/** The tools that a server lists and its configuration lets through. Those that cannot be offered are told of, and left out. */
export function createServerTools(server: Server, listed: readonly ListedTool[], setup: Setup, ports: McpPorts): readonly HouseTool[] {
  const { tools: wanted = ['*'], approve } = setup.options;
  return listed
    .filter(({ name }, index) => matchesName(wanted, name) && listed.findIndex((tool) => tool.name === name) === index)
    .flatMap((tool) => {
      const asks = approve === 'always' || (approve === 'writes' && tool.annotations?.readOnlyHint !== true);
      const card = cardOf(server.name, tool, setup.timeoutMs, (name) => asks || setup.needsApproval(name));
      if (typeof card !== 'string') return [createServerTool(server, tool.name, card, setup, ports)];
      ports.note(`A tool of the MCP server ${server.name} is left out: ${card}.`);
      return [];
    });
}

function createServerTool(server: Server, tool: string, card: ToolCard, { maxResultBytes }: Setup, { clock }: McpPorts): HouseTool {
  return {
    card,
    execute: (args, call) =>
      within(clock, card.name, card.timeoutMs, call.signal, async (signal) => {
        const [result, { hide }] = await callServer(server, tool, card, argumentsOf(card.name, args), { ...call, signal });
        const text = boundText(hide(tellResult(result)), maxResultBytes);
        if (result.isError) throw new OpenClawError('TOOL_FAILED', text === '' ? `${card.name} failed and did not say why.` : text);
        return text;
      }),
  };
}

function argumentsOf(name: string, args: unknown): Readonly<Record<string, unknown>> {
  if (typeof args === 'object' && args !== null && !Array.isArray(args)) return args as Readonly<Record<string, unknown>>;
  throw new OpenClawError('TOOL_FAILED', `${name}: the arguments are not an object.`);
}

async function callServer(
  server: Server,
  tool: string,
  card: ToolCard,
  args: Readonly<Record<string, unknown>>,
  call: HouseToolCall,
): Promise<readonly [CallResult, Link]> {
  const { key, signal, trace } = call;
  for (let again = true; ; again = false) {
    const link = await server.link(signal);
    try {
      return [await link.call(tool, args, key, card.timeoutMs, signal, trace), link];
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const failure = link.failureOf(error);
      if (failure.server === 'locked') throw new OpenClawError('UNAUTHENTICATED', `${card.name}: ${failure.message}`, { cause: error });
      if (failure.server !== 'answered') server.lose(link);
      // It refused before it did anything: once more, with a new session.
      if (failure.server === 'forgetful' && again) continue;
      const rest = failure.server === 'answered' ? '' : ' The server is connected to again.';
      throw new OpenClawError('TOOL_FAILED', `${card.name}: ${failure.message}${rest}`, { cause: error });
    }
  }
}
