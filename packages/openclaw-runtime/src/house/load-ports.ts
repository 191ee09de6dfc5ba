import { OpenClawClient } from '@openclaw-runtime/client';
import type { HousePorts } from './ports.ts';

export interface Place {
  /** The configuration file. Default: OPENCLAW_CONFIG, else `./openclaw.yaml` where it is there. */
  readonly config?: string;
  /** The data folder. Default: OPENCLAW_DATA, else what the configuration says, else `./.openclaw`. */
  readonly data?: string;
  /** A line for whoever operates this program. Default: to stderr. */
  readonly log?: (line: string) => void;
}

/** The real ones. The server's code is loaded here, so that programs which are only clients do without it. */
export async function loadPorts({ config, data, log = toStderr }: Place): Promise<HousePorts> {
  const [{ createEmbedding, createForecaster }, { decodeState }, { shippedAgents }] = await Promise.all([
    import('@openclaw-runtime/cli'),
    import('@openclaw-runtime/agent'),
    import('@openclaw-runtime/agent/shipped'),
  ]);
  const { configure, ...embedding } = createEmbedding(log);
  const flags = { ...(config === undefined ? {} : { config }), ...(data === undefined ? {} : { data }) };
  return {
    ...embedding,
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
