import { withServer } from '../commands/server.ts';
import type { World } from '../commands/world.ts';
import { chatByLines } from './by-lines.ts';
import { chatOnTerminal } from './on-terminal.ts';
import type { ChatHouse, ChatOptions } from './options.ts';

/** Talks until the input ends. Resolves with the exit code. */
export async function chat(options: ChatOptions, world: World): Promise<number> {
  const isTerminal = world.input.isTty && world.out.isTty && !options.json;
  return withServer(options, world, async (server) => {
    const house: ChatHouse = { client: await server.client(), server, options, world };
    return isTerminal ? chatOnTerminal(house) : chatByLines(house);
  });
}
