import type { ToolCard } from '@openclaw-runtime/agent';
import type { ListedTool } from './listed-tool.ts';
import { plainJson, plainText } from './plain-text.ts';

const NAME = /^[A-Za-z0-9_./-]{1,128}$/;
const MAX_DESCRIPTION = 4_096;
const MAX_SCHEMA = 64 * 1024;

/** The card of a server's tool, or why it has none. What a server says of side effects is believed: whoever configured it chose to trust it. */
export function cardOf(server: string, tool: ListedTool, timeoutMs: number, needsApproval: (name: string) => boolean): ToolCard | string {
  const { annotations: { readOnlyHint = false, idempotentHint = false } = {}, description, inputSchema } = tool;
  if (!NAME.test(tool.name)) return `${JSON.stringify(tool.name).slice(0, 100)} is no name for a tool`;
  if (JSON.stringify(inputSchema).length > MAX_SCHEMA) return `the parameters of ${tool.name} take more than ${MAX_SCHEMA} characters`;
  const name = `mcp.${server}.${tool.name}`;
  return {
    name,
    ...(description === undefined ? {} : { description: plainText(description, MAX_DESCRIPTION) }),
    parameters: plainJson(inputSchema) as Readonly<Record<string, unknown>>,
    sideEffects: !readOnlyHint,
    onInterrupted: readOnlyHint || idempotentHint ? 'retry' : 'fail',
    timeoutMs,
    needsApproval: needsApproval(name),
    secrets: [],
  };
}
