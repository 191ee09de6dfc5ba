import type { AuthProvider, FetchLike, InsufficientScopeError } from '@modelcontextprotocol/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { createFlow, type FlowSetup, type LoginChange, type LoginSlot } from './flow.ts';
import type { Login } from './logins.ts';
import { isOwnIssuer } from './own-issuer.ts';
import { plainText } from './plain-text.ts';
import type { McpPorts } from './ports.ts';
import type { Sdk } from './sdk.ts';

/** Somebody in whose name a server is used. */
export interface Person {
  readonly provider: AuthProvider;
  /** A call lacked a right: asks for it. Rejects with `UNAUTHENTICATED` where nobody can be asked. */
  widen(lacks: InsufficientScopeError): Promise<void>;
}

export interface PersonSetup extends FlowSetup {
  /** For what authorization servers are asked. */
  readonly fetch: FetchLike;
  /** The token that a request went out with. */
  readonly sentWith: (response: Response) => string | undefined;
}

/** What a server said it takes. */
interface Challenge {
  readonly resourceMetadataUrl?: URL | undefined;
  readonly scope?: string | undefined;
}

/** What is under way: for more rights, or for a token only. */
interface Asking {
  readonly wider: boolean;
  readonly done: Promise<void>;
}

/** What authorization servers say where only a new login helps. Anything else may be over in a moment. */
const GONE: ReadonlySet<string> = new Set([
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'insufficient_scope',
]);

/** Uses the login that is kept and refreshes it; asks the person for a new one where there is a browser, and says so where there is none. */
export function createPerson(sdk: Sdk, setup: PersonSetup, ports: McpPorts): Person {
  const { server, url, auth, fetch } = setup;
  const { logins, consent } = ports;
  const read = async (): Promise<Login> => {
    const login = await logins.read(server);
    return login?.url === url ? login : { url };
  };
  const write = async (login: Login, changed: LoginChange): Promise<void> => {
    const entries = Object.entries({ ...login, ...changed }).filter(([, value]) => value !== undefined);
    await logins.write(server, Object.fromEntries(entries) as unknown as Login);
  };
  const slot: LoginSlot = {
    read,
    change: async (changed) => write(await read(), changed),
    async changeOf(token, changed) {
      const login = await read();
      if (login.tokens?.access_token === token) await write(login, changed);
    },
  };
  const missing = (why: string): OpenClawError =>
    new OpenClawError('UNAUTHENTICATED', `The MCP server ${server} ${why}. Run: claw mcp login ${server}`);

  const ask = async (challenge: Challenge, force: boolean): Promise<void> => {
    const { tokens, wants } = await read();
    if (!consent && !tokens) throw missing('wants somebody to log in');
    const scope = sdk.computeScopeUnion(auth.scope, wants, challenge.scope);
    const asked = createFlow(sdk, setup, ports, slot);
    const options = {
      serverUrl: url,
      fetchFn: fetch,
      ...(scope === undefined ? {} : { scope }),
      ...(challenge.resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl: challenge.resourceMetadataUrl }),
    };
    const attempt = (): ReturnType<Sdk['auth']> =>
      sdk.auth(asked.provider, { ...options, forceReauthorization: force, skipIssuerMetadataValidation: asked.own });
    const again = (error: unknown): ReturnType<Sdk['auth']> => {
      if (!(error instanceof sdk.IssuerMismatchError && error.kind === 'metadata' && isOwnIssuer(url, error.received))) throw error;
      asked.own = true;
      return attempt();
    };
    const outcome = await attempt()
      .catch(again)
      .catch((error: unknown) => {
        // Nobody can be asked, and what was kept is of no use any more.
        if (!consent && error instanceof sdk.OAuthError && GONE.has(error.code)) throw missing(whyOf(error));
        throw error;
      });
    if (outcome === 'AUTHORIZED') return;
    if (!consent) {
      // It was not even tried: its authorization server is another just now, or not to be found.
      if (!force && (await read()).tokens?.refresh_token !== undefined)
        throw new Error(`the login cannot be refreshed just now; if that goes on, run: claw mcp login ${server}`);
      await slot.change({ wants: scope });
      throw missing(force ? 'asks for more rights than it was given' : 'wants a new login');
    }
    const back = await asked.visit();
    await sdk.auth(asked.provider, { ...options, ...back });
    await slot.change({ wants: undefined });
  };

  let asking: Asking | undefined;
  /** One at a time: those that come meanwhile share what comes of it, save that a refresh gives nobody more rights. */
  const once = (wider: boolean, begin: () => Promise<void>): Promise<void> => {
    if (asking && (asking.wider || !wider)) return asking.done;
    const before = asking?.done ?? Promise.resolve();
    const done = before
      .catch(() => {})
      .then(begin)
      .finally(() => {
        if (asking?.done === done) asking = undefined;
      });
    asking = { wider, done };
    return done;
  };

  return {
    provider: {
      token: async () => (await read()).tokens?.access_token,
      async onUnauthorized({ response }) {
        const token = (await read()).tokens?.access_token;
        // Somebody logged in, or refreshed, since this request was sent.
        if (token !== undefined && setup.sentWith(response) !== token) return;
        await once(false, () => ask(sdk.extractWWWAuthenticateParams(response), false));
      },
    },
    async widen({ requiredScope, resourceMetadataUrl }) {
      await once(true, async () => {
        const { tokens } = await read();
        const scope = sdk.computeScopeUnion(tokens?.scope, requiredScope);
        await ask({ scope, resourceMetadataUrl }, sdk.isStrictScopeSuperset(scope, tokens?.scope));
      });
    },
  };
}

function whyOf(error: Error): string {
  return `does not take the login any more (${plainText(error.message, 200)})`;
}
