import { createHash } from 'node:crypto';
import type { ListedTool } from './listed-tool.ts';

/** Names a list of tools by everything a model is told of them, in whatever order they come. */
export function hashOfTools(tools: readonly ListedTool[]): string {
  const told = tools
    .map(({ name, description = '', inputSchema, annotations = {} }) => canonical({ name, description, inputSchema, annotations }))
    .sort()
    .join('\n');
  return `sha256:${createHash('sha256').update(told).digest('hex')}`;
}

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}
