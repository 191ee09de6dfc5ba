import type { AuditLog } from '@openclaw-runtime/audit';
import { type GatewayOptions, KEYED_LIMITS } from '@openclaw-runtime/gateway';
import type { Config } from '../config/config.ts';

/** What the gateway lets in, and what it does when there is too much: each step is said, and written down. */
export function admissionOf(
  { limits }: Pick<Config, 'limits'>,
  audit: Pick<AuditLog, 'note'>,
  memory: () => number,
  log: (line: string) => void,
): NonNullable<GatewayOptions['admission']> {
  const { perKey, perTenant, perAddress, maxWaitMs } = limits;
  const all = { ...(perKey && { perKey }), ...(perTenant && { perTenant }), ...(perAddress && { perAddress }) };
  return {
    keyed: KEYED_LIMITS,
    all,
    waitMs: maxWaitMs,
    memory,
    onLevel(level, why) {
      log(`claw: ${LEVELS[level]} (${why})`);
      audit.note({ principal: { tenant: '*', id: 'house' }, action: 'admission.level', target: String(level), decision: 'allowed', why });
    },
  };
}

const LEVELS = [
  'everything is taken again',
  'too much to do: nobody who does not say who they are begins anything',
  'too much to do: only sessions that there are go on',
  'too much to do: no run is begun',
  'too much to do: runs are only read and ended',
] as const;
