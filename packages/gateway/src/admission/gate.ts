import type { IncomingMessage, ServerResponse } from 'node:http';
import { SlotMap } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { noteRefusal } from '../audit/audit.ts';
import { checkPermission } from '../identity/check.ts';
import { type Found, findRoute } from '../identity/find-route.ts';
import type { From } from '../identity/identity.ts';
import type { Permission } from '../identity/permissions.ts';
import { ROUTES } from '../identity/permissions.ts';
import type { Principal } from '../identity/principal.ts';
import { addressOf } from '../line/address.ts';
import { bearerOf, checkRequest } from './access.ts';
import type { GatewayContext } from './options.ts';

/** A request that may be answered. */
export interface Admitted extends Found {
  readonly url: URL;
  readonly principal: Principal;
  readonly permission: Permission;
}

/** What every HTTP request passes before anything looks at it. */
export interface Gate {
  /** Who asks for what. Rejects with what speaks against it; each refusal is noted. */
  admit(request: IncomingMessage): Promise<Admitted>;
  /** Notes that it was refused after all. */
  note(admitted: Admitted, request: IncomingMessage, error: unknown): void;
  /** Ends the answer as soon as who asked for it may not ask any more. */
  watch(admitted: Admitted, response: ServerResponse): void;
  /** Every second. */
  tick(): void;
}

/** Who asks for what is for everybody. */
export const NOBODY: Principal = { tenant: '', id: 'nobody', scopes: new Set() };

export function createGate(context: GatewayContext): Gate {
  const { identity, audit } = context;
  const live = new SlotMap<number, { readonly response: ServerResponse; readonly admitted: Admitted }>();
  let count = 0;

  const decide = async (request: IncomingMessage, who: (principal: Principal) => void): Promise<Admitted> => {
    const url = checkRequest(request, context);
    const found = attempt(() => findRoute(request.method ?? '', url.pathname));
    if ('route' in found && isPublic(ROUTES[found.route])) return { ...found, url, principal: NOBODY, permission: ROUTES[found.route] };
    // Who is nobody is not even told what there is.
    const principal = await identity.identify(bearerOf(request), fromOf(request, context));
    who(principal);
    if (!('route' in found)) throw found;
    const permission = ROUTES[found.route];
    checkPermission(principal, permission);
    await written(principal, permission, request);
    return { ...found, url, principal, permission };
  };

  /** What a person decides is noted, and what changes the house is done only if that is written down. */
  const written = async (principal: Principal, { scope }: Permission, request: IncomingMessage): Promise<void> => {
    const { address } = fromOf(request, context);
    const entry = { principal, address, action: `http.${scope}`, target: targetOf(request), decision: 'allowed' } as const;
    if (scope === 'approve') audit.note(entry);
    else if (scope === 'admin' || (scope === 'operate' && request.method !== 'GET')) await audit.ensure(entry);
  };

  const refused = (principal: Principal, request: IncomingMessage, error: unknown): void => {
    const { address } = fromOf(request, context);
    noteRefusal(audit, error, { principal, address, target: targetOf(request) });
  };

  return {
    async admit(request) {
      let principal = NOBODY;
      try {
        return await decide(request, (found) => {
          principal = found;
        });
      } catch (error) {
        refused(principal, request, error);
        throw error;
      }
    },
    note: ({ principal }, request, error) => refused(principal, request, error),
    watch(admitted, response) {
      // Of who left while it was decided nothing more is heard.
      if (admitted.principal === NOBODY || response.closed) return;
      const id = ++count;
      live.set(id, { response, admitted });
      response.once('close', () => live.delete(id));
    },
    tick() {
      for (const { response, admitted } of live.values()) {
        const { principal, permission } = admitted;
        const now = identity.still(principal);
        if (now === undefined || attempt(() => checkPermission(now, permission)) instanceof OpenClawError) response.destroy();
      }
    },
  };
}

/** From where a request comes that is to be answered, or to become a socket. */
export function fromOf(request: IncomingMessage, context: Pick<GatewayContext, 'trustedProxies'>, way: From['way'] = 'http'): From {
  const { origin } = request.headers;
  return { address: addressOf(request, context.trustedProxies), origin, way };
}

/** Without what stands behind the path: that may be what nobody should read. */
function targetOf({ method, url = '' }: IncomingMessage): string {
  return `${method} ${url.split('?', 1)[0]}`.slice(0, 200);
}

function isPublic({ scope }: Permission): boolean {
  return scope === 'public';
}

/** What it gives, or what speaks against it. */
function attempt<T extends object | void>(act: () => T): T | OpenClawError {
  try {
    return act();
  } catch (error) {
    if (error instanceof OpenClawError) return error;
    throw error;
  }
}
