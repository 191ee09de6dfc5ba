import type { OpenClawClient } from '@openclaw-runtime/client';
import type { Server, ServerOptions } from '../commands/server.ts';
import type { World } from '../commands/world.ts';

export interface ChatOptions extends ServerOptions {
  readonly agent?: string;
  readonly model?: string;
  readonly session: string;
  readonly level?: string;
  readonly json?: boolean;
}

/** What both ways to chat are given. */
export interface ChatHouse {
  readonly client: OpenClawClient;
  readonly server: Server;
  readonly options: ChatOptions;
  readonly world: World;
}
