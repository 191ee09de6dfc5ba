import { dashboard } from '@openclaw-runtime/metrics';
import type { World } from '../commands/world.ts';

/** Prints the dashboard as Grafana imports it. */
export async function exportDashboard({ json = false }: { readonly json?: boolean }, world: World): Promise<number> {
  world.out.write(`${JSON.stringify(dashboard(), undefined, json ? 0 : 2)}\n`);
  return 0;
}
