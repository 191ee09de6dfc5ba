import type { Audience, Hub } from './methods/call.ts';

export function createHub(): Hub {
  const audiences = new Set<Audience>();
  const of = (tenant: string): Audience[] => [...audiences].filter(({ principal }) => principal.tenant === tenant);
  return {
    enter(audience) {
      audiences.add(audience);
      return () => audiences.delete(audience);
    },
    seats: of,
    began(tenant, key, about) {
      for (const audience of of(tenant)) audience.began(key, about);
    },
    changed(tenant, payload) {
      for (const audience of of(tenant)) audience.changed(payload);
    },
  };
}
