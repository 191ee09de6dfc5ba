import { hash } from 'node:crypto';
import { type AuditDisk, type AuditLog, openAuditLog } from '@openclaw-runtime/audit';
import type { Config } from '../config/config.ts';
import type { HousePorts } from './house.ts';

/** The audit log of a data folder, which this process owns. `configNow`: the configuration as it is by then. */
export function openAudit(configNow: () => Config, disk: AuditDisk, { clock, random, log }: HousePorts): Promise<AuditLog> {
  let named = { config: configNow(), policy: policyOf(configNow()) };
  return openAuditLog({
    disk,
    clock,
    random,
    policy() {
      const config = configNow();
      if (config !== named.config) named = { config, policy: policyOf(config) };
      return named.policy;
    },
    tell: (line) => log(`claw: ${line}`),
  });
}

/** Names the rules that decide who may do what: the same name, the same rules. Secrets are not among what it is made of. */
export function policyOf({ server, auth, limits, budgets, agents, tools }: Config): string {
  const permissions = Object.entries(agents).map(([name, { uses, permissions: given, budget }]) => [name, uses, given, budget]);
  const rules = [server.host, server.origins, server.trustedProxies, auth, limits, budgets, permissions, tools];
  return hash('sha256', JSON.stringify(rules), 'base64url').slice(0, 12);
}
