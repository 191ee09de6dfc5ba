import { OpenClawError } from '@openclaw-runtime/protocol';
import type { ListedTool } from './listed-tool.ts';

const MAX_TOOLS = 512;
/** Of what a tool takes. */
const MAX_DEPTH = 64;
/** Of all that a model could be told of a server's tools. */
const MAX_CHARACTERS = 2 * 1024 * 1024;

/** Takes a list page by page. Throws `TOOL_FAILED` as soon as it is more than anybody could use, before anything is made of it. */
export function createListCheck(): (page: readonly ListedTool[]) => void {
  let count = 0;
  let characters = 0;
  return (page) => {
    count += page.length;
    if (count > MAX_TOOLS) throw failed(`it lists ${count} tools, more than ${MAX_TOOLS}`);
    for (const tool of page) {
      characters += charactersOf(tool);
      if (characters > MAX_CHARACTERS) throw failed(`what it says of its tools takes more than ${MAX_CHARACTERS} characters`);
    }
  };
}

function charactersOf({ name, description = '', inputSchema, annotations = {} }: ListedTool): number {
  const size = sizeOf([inputSchema, annotations]);
  if (size === undefined)
    throw failed(`the parameters of its tool ${JSON.stringify(name.slice(0, 100))} are nested deeper than ${MAX_DEPTH}`);
  return name.length + description.length + size;
}

/** How many characters of JSON at least, by a walk that no depth can overwhelm; `undefined` where it is too deep. */
function sizeOf(value: unknown): number | undefined {
  let size = 0;
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return undefined;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === 'string') size += item.length;
      else if (typeof item !== 'object' || item === null) size += 4;
      else
        for (const [key, inner] of Object.entries(item)) {
          size += key.length + 4;
          next.push(inner);
        }
    }
    level = next;
  }
  return size;
}

function failed(what: string): OpenClawError {
  return new OpenClawError('TOOL_FAILED', what);
}
