import { createEmbedded, type EmbeddedHouse } from './embedded.ts';
import { loadPorts, type Place } from './load-ports.ts';

/** Where a house has its configuration and its data. */
export type HouseOptions = Place;

/** One house for several agents of this process: `new OpenClawAgent({ house })`. Opened by the first call of one of them. */
export function createHouse(options: HouseOptions = {}): EmbeddedHouse {
  let loading: ReturnType<typeof loadPorts> | undefined;
  return createEmbedded(() => (loading ??= loadPorts(options)));
}
