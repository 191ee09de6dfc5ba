import type { CreateDeps } from '../admission/create-run.ts';
import type { GatewayContext } from '../admission/options.ts';
import type { From } from '../identity/identity.ts';
import type { Connection } from '../socket/connection.ts';
import type { Peer } from '../socket/peer.ts';
import { serveOpenClaw } from './connection.ts';
import { createHub } from './hub.ts';
import type { House } from './methods/call.ts';
import { createBook } from './sessions/book.ts';

/** What the clients of the OpenClaw assistant ask for: its gateway protocol, on sockets that offer no subprotocol of ours. */
export interface AssistantDoor {
  serve(peer: Peer, from: From, onClose: () => void): Connection;
}

export function createAssistantDoor(context: GatewayContext, create: CreateDeps, ready: () => boolean): AssistantDoor {
  const house: House = { context, create, ready, book: createBook(context), hub: createHub(), startedAt: context.clock.now() };
  return { serve: (peer, from, onClose) => serveOpenClaw(house, peer, from, onClose) };
}
