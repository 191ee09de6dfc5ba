import type { Api, Config, House } from '@openclaw-runtime/cli';
import type { OpenClawClient } from '@openclaw-runtime/client';
import type { HousePorts } from './ports.ts';

/** A server that this process talks to: its own house, or the one that has the data folder open. */
export interface Server {
  readonly ports: HousePorts;
  readonly config: Config;
  readonly api: Api;
  /** Whether the house is in this process. */
  readonly owned: boolean;
  readonly url: string;
  /** Runs that are at work in the house of this process; 0 where it is elsewhere. */
  readonly active: number;
  /** A connected client; the same for the same answer to `streaming`. */
  client(streaming: boolean): Promise<OpenClawClient>;
  /** Resolves when the server is there no more, or cannot go on. */
  readonly gone: Promise<void>;
  close(): Promise<void>;
}

/** The first attempt after a drop is at once, and a server that is started again takes a moment: only then is it missed. */
const MISSED_AT = 2;

export function createServer(
  ports: HousePorts,
  config: Config,
  place: { readonly url: string; readonly token: string | undefined; readonly house?: House },
): Server {
  const { url, token, house } = place;
  const clients = new Map<boolean, { readonly client: OpenClawClient; readonly connected: Promise<void> }>();
  const gone = Promise.withResolvers<void>();
  void house?.failed.then(() => gone.resolve());

  const look = async (): Promise<void> => {
    const owner = await ports.owner(config).catch(() => undefined);
    if (owner ? owner.url !== url : !ports.connects) gone.resolve();
  };

  const open = (streaming: boolean) => {
    const client = ports.client({ token, streaming });
    client.on('reconnect', (attempt) => {
      if (!house && attempt >= MISSED_AT) void look();
    });
    const opened = { client, connected: client.connect(url) };
    clients.set(streaming, opened);
    return opened;
  };

  return {
    ports,
    config,
    api: ports.api(url, token),
    owned: house !== undefined,
    url,
    get active() {
      return house?.active ?? 0;
    },
    async client(streaming) {
      const { client, connected } = clients.get(streaming) ?? open(streaming);
      await connected;
      return client;
    },
    gone: gone.promise,
    async close() {
      for (const { client } of clients.values()) client.close();
      await house?.close();
    },
  };
}
