import { OpenClawClient } from '@openclaw-runtime/client';
import { connecting } from './connect.ts';
import type { HousePorts } from './ports.ts';

export interface Place {
  /**
   * A server that is there, as `ws://…`, `http://…` or `agent://environment/cluster`: no data folder is opened here. Default: OPENCLAW_URL, where no folder is
   * asked for; without either, the server that has the data folder open, else a house in this process.
   */
  readonly connect?: string;
  /** For that server. Default: the configuration's. */
  readonly token?: string;
  /** The configuration file. Default: OPENCLAW_CONFIG, else `./openclaw.yaml` where it is there. */
  readonly config?: string;
  /** The data folder. Default: OPENCLAW_DATA, else what the configuration says, else `./.openclaw`. */
  readonly data?: string;
  /** A line for whoever operates this program. Default: to stderr. */
  readonly log?: (line: string) => void;
}

/** The real ones. The server's code is loaded here, so that programs which are only clients do without it. */
export async function loadPorts({ connect, token, config, data, log = toStderr }: Place): Promise<HousePorts> {
  const [{ createEmbedding, createForecaster }, { decodeState }, { shippedAgents }] = await Promise.all([
    import('@openclaw-runtime/cli'),
    import('@openclaw-runtime/agent'),
    import('@openclaw-runtime/agent/shipped'),
  ]);
  const { configure, answers, ...embedding } = createEmbedding(log);
  const address = connect ?? (data === undefined ? process.env['OPENCLAW_URL'] || undefined : undefined);
  const flags = { ...(config === undefined ? {} : { config }), ...(data === undefined ? {} : { data }) };
  return {
    ...embedding,
    ...(address === undefined ? {} : connecting(address, process.env['OPENCLAW_CLUSTERS'], answers)),
    connects: address !== undefined,
    token: async ({ server }) => (address === undefined ? undefined : token) ?? server.token?.fetch(),
    pid: process.pid,
    log,
    configure: () => configure(flags),
    client: ({ token, streaming }) => new OpenClawClient({ streaming, ...(token === undefined ? {} : { token }) }),
    forecaster: createForecaster,
    decode: decodeState,
    shipped: [...shippedAgents().keys()],
  };
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
