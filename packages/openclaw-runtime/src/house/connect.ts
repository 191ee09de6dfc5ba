import { type Clusters, parseClusters, resolveUrl } from '@openclaw-runtime/client/address';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { HousePorts } from './ports.ts';

/**
 * Ports that lead to the first server that answers at an address, and open no house. `variable` is OPENCLAW_CLUSTERS: it wins over the `clusters:` of the
 * configuration.
 */
export function connecting(
  address: string,
  variable: string | undefined,
  answers: (url: string) => Promise<boolean>,
): Pick<HousePorts, 'owner' | 'open'> {
  const urlsIn = (clusters: Clusters): readonly string[] =>
    resolveUrl(address, variable ? parseClusters(variable) : clusters).urls.map((url) => url.replace(/\/$/, ''));
  return {
    async owner({ clusters }) {
      for (const url of urlsIn(clusters)) if (await answers(url)) return { url };
      return undefined;
    },
    open({ clusters }) {
      const tried = urlsIn(clusters).join(', ');
      return Promise.reject(
        new OpenClawError('STREAM_DISCONNECTED', `No server answers at ${tried}. Start one with claw up, or connect to none.`),
      );
    },
  };
}

/** The agent that an address names as its third part. */
export function agentIn(address: string): string | undefined {
  const [, agent] = /^agent:\/\/[^/?#]+\/[^/?#]+\/([^/?#]+)\/?$/.exec(address) ?? [];
  return agent === undefined ? undefined : decodeURIComponent(agent);
}
