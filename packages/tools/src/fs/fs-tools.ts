import type { HouseTool, HouseToolCall } from '@openclaw-runtime/agent';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { z } from 'zod';
import { createTool, type House, type ToolDraft } from '../tool/create-tool.ts';
import { parsePath } from './parse-path.ts';
import type { Folder, OpenFolder } from './port.ts';
import { assertRoom, type Quota } from './room-left.ts';
import { search } from './search.ts';

export interface FsOptions extends Quota {
  /** Otherwise `fs.write` and `fs.remove` are not there. */
  readonly writable: boolean;
  readonly timeoutMs: number;
  /** Of one file, read or written. */
  readonly maxFileBytes: number;
  /** Entries of a list, matches of a search. */
  readonly maxEntries: number;
}

const path = z.string().describe('Relative to the workspace, such as src/main.ts');

/** `fs.read`, `fs.list`, `fs.search`, `fs.write`, `fs.remove`: the files of the run's own workspace. */
export function createFsTools(house: House, openFolder: OpenFolder, options: FsOptions): readonly HouseTool[] {
  const { timeoutMs, writable } = options;
  const make = <A>(draft: FsDraft<A>): HouseTool =>
    createTool<A>(house, {
      ...draft,
      // Each of them comes to the same when it is done twice.
      onInterrupted: 'retry',
      timeoutMs,
      run: async (args, call) => draft.run(await openFolder(workspaceOf(call)), args, call.signal),
    });
  const tools = [make(readTool(options)), make(listTool(options)), make(searchTool(options))];
  return writable ? [...tools, make(writeTool(options)), make(removeTool())] : tools;
}

interface FsDraft<A> extends Pick<ToolDraft<A>, 'name' | 'description' | 'input' | 'sideEffects'> {
  readonly run: (folder: Folder, args: A, signal: AbortSignal) => Promise<string>;
}

function readTool({ maxFileBytes }: FsOptions): FsDraft<{ path: string }> {
  return {
    name: 'fs.read',
    description: 'The text of a file of the workspace.',
    input: z.strictObject({ path }),
    sideEffects: false,
    async run(folder, args) {
      const { bytes, size } = await folder.read(parsePath(args.path), maxFileBytes);
      if (bytes.subarray(0, 1_024).includes(0)) return `[${size} bytes that are no text]`;
      const text = new TextDecoder().decode(bytes);
      return size > bytes.length ? `${text}\n[cut: the first ${bytes.length} of ${size} bytes are shown]` : text;
    },
  };
}

function listTool({ maxEntries }: FsOptions): FsDraft<{ path?: string | undefined }> {
  return {
    name: 'fs.list',
    description: 'What is in a folder of the workspace: one name a line, folders with / at the end, files with their bytes.',
    input: z.strictObject({ path: path.optional() }),
    sideEffects: false,
    async run(folder, args) {
      const entries = await folder.list(parsePath(args.path ?? ''), maxEntries + 1);
      const lines = entries
        .slice(0, maxEntries)
        .map(({ name, kind, size }) => (kind === 'folder' ? `${name}/` : kind === 'file' ? `${name} ${size}` : `${name} (${kind})`));
      if (entries.length > maxEntries) lines.push(`[cut: there are more than ${maxEntries}]`);
      return lines.length > 0 ? lines.join('\n') : '[empty]';
    },
  };
}

function searchTool({
  maxEntries,
  maxFileBytes,
}: FsOptions): FsDraft<{ text: string; path?: string | undefined; ignoreCase?: boolean | undefined }> {
  return {
    name: 'fs.search',
    description: 'Lines of the files of the workspace that have a text in them, as path:line: text. The text is no pattern.',
    input: z.strictObject({ text: z.string().min(1).max(1_000), path: path.optional(), ignoreCase: z.boolean().optional() }),
    sideEffects: false,
    async run(folder, { text, path = '', ignoreCase = false }, signal) {
      const lines = await search(folder, { text, path: parsePath(path), ignoreCase, maxMatches: maxEntries, maxFileBytes }, signal);
      return lines.length > 0 ? lines.join('\n') : '[no line has it]';
    },
  };
}

function writeTool(options: FsOptions): FsDraft<{ path: string; text: string }> {
  const { maxFileBytes } = options;
  return {
    name: 'fs.write',
    description: 'Writes a file of the workspace, in place of what was there. Folders on the way are made.',
    input: z.strictObject({ path, text: z.string() }),
    sideEffects: true,
    async run(folder, args, signal) {
      const target = parsePath(args.path);
      const bytes = Buffer.from(args.text);
      if (bytes.length > maxFileBytes)
        throw new OpenClawError('TOOL_FAILED', `fs.write: ${bytes.length} bytes are more than the ${maxFileBytes} that a file may have.`);
      await assertRoom(folder, target, bytes.length, options, signal);
      await folder.write(target, bytes);
      return `${bytes.length} bytes written to ${target}`;
    },
  };
}

function removeTool(): FsDraft<{ path: string }> {
  return {
    name: 'fs.remove',
    description: 'Removes a file, a link or an empty folder of the workspace.',
    input: z.strictObject({ path }),
    sideEffects: true,
    async run(folder, args) {
      const target = parsePath(args.path);
      await folder.remove(target);
      return `${target} is removed`;
    },
  };
}

function workspaceOf({ run }: HouseToolCall): string {
  if (run.workspace !== undefined) return run.workspace;
  throw new OpenClawError('TOOL_FAILED', 'fs: this run has no workspace. Configure one for its agent.');
}
