import { OpenClawError, type UpFrame } from '@openclaw-runtime/protocol';
import { HOUSE } from './identity.ts';
import { FRAMES, type Permission } from './permissions.ts';
import type { Principal } from './principal.ts';

/** Throws `FORBIDDEN` unless the principal may ask what takes this permission; also where nothing says what it takes. */
export function checkPermission(principal: Principal, permission: Permission | undefined): void {
  if (permission === undefined) throw new OpenClawError('FORBIDDEN', 'Nobody may ask this.');
  const { scope, house } = permission;
  if (scope === 'public') return;
  if (!principal.scopes.has(scope)) {
    const own = [...principal.scopes].join(', ') || 'none';
    throw new OpenClawError('FORBIDDEN', `This takes the scope ${scope}; ${principal.id} has ${own}. Use a key that has it.`);
  }
  if (house && principal.tenant !== HOUSE) {
    throw new OpenClawError('FORBIDDEN', `This is about all tenants. Use a key of the tenant ${HOUSE}.`);
  }
}

/** What speaks against a frame of this principal. */
export function frameProblem(principal: Principal, frame: UpFrame): OpenClawError | undefined {
  try {
    const kind = frame.t === 'command' ? (`command.${frame.kind}` as const) : frame.t;
    checkPermission(principal, Object.hasOwn(FRAMES, kind) ? FRAMES[kind] : undefined);
    return undefined;
  } catch (error) {
    return OpenClawError.from(error);
  }
}
