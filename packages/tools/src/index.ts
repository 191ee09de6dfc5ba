export type { HttpMethod } from './http/fetch-tool.ts';
export { createMachine } from './machine/machine.ts';
export type { Machine } from './machine/port.ts';
export type { HttpServer, McpServerOptions, StdioServer } from './mcp/options.ts';
export type { McpServerState } from './mcp/server.ts';
export { type OpenHouseTools, openHouseTools, type ToolPorts } from './open.ts';
export type { FileOptions, HouseToolOptions, HttpOptions, RunOptions } from './options.ts';
export type { Given } from './process/given.ts';
