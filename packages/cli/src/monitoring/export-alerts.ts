import { rulesOf } from '@openclaw-runtime/metrics';
import { stringify } from 'yaml';
import type { World } from '../commands/world.ts';
import { resolveConfig } from '../config/resolve.ts';

export interface ExportOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** Prints Prometheus's rules for the configured thresholds. Throws `BAD_CONFIG`. */
export async function exportAlerts({ config: file, json = false }: ExportOptions, world: World): Promise<number> {
  const { monitoring } = resolveConfig(file === undefined ? {} : { config: file }, world.config);
  const { alertThresholds: thresholds, windowMs, forMs, objective } = monitoring;
  const rules = rulesOf({ thresholds, windowMs, forMs, objective });
  world.out.write(json ? `${JSON.stringify(rules)}\n` : `# Made by claw alerts export.\n${stringify(rules, { lineWidth: 0 })}`);
  return 0;
}
