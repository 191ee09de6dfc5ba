import { OpenClawError } from '@openclaw-runtime/protocol';

/** `environment/cluster` → its WebSocket URLs. */
export type Clusters = Readonly<Record<string, string | readonly string[]>>;

export interface Address {
  /** At least one, `ws:` or `wss:`. */
  readonly urls: readonly string[];
  /** The agent that runs go to which name none. */
  readonly agent: string | undefined;
}

/**
 * `ws://`, `wss://`, `http://` and `https://` name one server, `agent://environment/cluster[/agent]` those that `clusters`
 * lists. Throws `UNKNOWN_CLUSTER`, or `BAD_REQUEST` for what is no address.
 */
export function resolveUrl(address: string, clusters: Clusters): Address {
  const hit = /^agent:\/\/([^/?#]+\/[^/?#]+)(?:\/([^/?#]+))?\/?$/.exec(address);
  if (!hit) return { urls: [socketUrl(address)], agent: undefined };
  const [, name = '', agent] = hit;
  const urls = Object.hasOwn(clusters, name) ? [clusters[name] ?? []].flat() : [];
  if (urls.length === 0) {
    const known = Object.keys(clusters).join(', ') || 'none';
    throw new OpenClawError('UNKNOWN_CLUSTER', `No cluster '${name}'. Known: ${known}. Set the option clusters or OPENCLAW_CLUSTERS.`);
  }
  return { urls: urls.map(socketUrl), agent: agent && decodeURIComponent(agent) };
}

/** The variable `OPENCLAW_CLUSTERS`. Throws `BAD_CONFIG`. */
export function parseClusters(json: string): Clusters {
  try {
    return Object(JSON.parse(json)) as Clusters;
  } catch (cause) {
    throw new OpenClawError('BAD_CONFIG', 'OPENCLAW_CLUSTERS is no JSON. Mend or unset it.', { cause });
  }
}

function socketUrl(text: string): string {
  const url = URL.parse(text);
  if (url && /^(?:ws|http)s?:$/.test(url.protocol)) {
    url.protocol = url.protocol.replace('http', 'ws');
    url.hash = '';
    return url.href;
  }
  throw new OpenClawError('BAD_REQUEST', `'${text}' is no address like ws://host:port or agent://environment/cluster.`);
}
