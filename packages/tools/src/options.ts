import type { HttpMethod } from './http/fetch-tool.ts';
import type { McpServerOptions } from './mcp/options.ts';
import type { Given } from './process/given.ts';

/** Which tools of the house there are. What is absent is off, save `calc`. */
export interface HouseToolOptions {
  /** `http.fetch`. */
  readonly http?: HttpOptions;
  /** `fs.read`, `fs.list`, `fs.search`, `fs.write`, `fs.remove`. */
  readonly fs?: FileOptions;
  /** `shell.run`. */
  readonly shell?: RunOptions;
  /** `calc`; on unless `false`. */
  readonly calc?: boolean;
  /** Their tools are `mcp.SERVER.TOOL`. */
  readonly mcp?: Readonly<Record<string, McpServerOptions>>;
  /** Full names of tools whose calls a person has to allow, with `*` for any rest of a name. Absent: `shell.run`. */
  readonly needsApproval?: readonly string[];
  /** Bytes of UTF-8 that a model is told of one call; 65,536. */
  readonly maxResultBytes?: number;
  /** As which MCP servers know us. */
  readonly identity?: { readonly name: string; readonly version: string };
}

export interface HttpOptions {
  /** Hosts; `*.example.com` is every name below it. Absent: any. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** 80 and 443. */
  readonly ports?: readonly number[];
  /** Addresses that may be connected to although they are not public. */
  readonly allowAddresses?: readonly string[];
  /** GET and HEAD. With any other, calls count as having side effects. */
  readonly methods?: readonly HttpMethod[];
  /** 30,000. */
  readonly timeoutMs?: number;
  /** Of a body, after decompression; 1 MiB. */
  readonly maxBytes?: number;
}

export interface FileOptions {
  /** `false`: reading only. */
  readonly writable?: boolean;
  /** Of one file; 1 MiB. */
  readonly maxFileBytes?: number;
  /** In a workspace; 10,000. */
  readonly maxFiles?: number;
  /** In a workspace; 256 MiB. */
  readonly maxTotalBytes?: number;
  /** 30,000. */
  readonly timeoutMs?: number;
}

export interface RunOptions {
  /** Names, or absolute paths, exactly as a model has to write them. */
  readonly programs: readonly string[];
  /** Folders in which programs are looked for; /usr/local/bin, /usr/bin, /bin. */
  readonly path?: readonly string[];
  /** Besides PATH and HOME, which is the workspace. */
  readonly env?: Readonly<Record<string, Given>>;
  /** Whether programs reach the network; `false`. */
  readonly network?: boolean;
  /** More folders of this machine that programs may read, such as where a language is installed. */
  readonly readable?: readonly string[];
  /** Run programs as they are where there is no bubblewrap that works. */
  readonly unsandboxed?: boolean;
  /** 60,000. */
  readonly timeoutMs?: number;
  /** Of standard output and error each; 32 KiB. */
  readonly maxOutputBytes?: number;
}
