import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/client';
import { newId } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { valueOf } from '../process/given.ts';
import type { PersonAuth } from './auth-options.ts';
import { isLoopback } from './bounded-fetch.ts';
import type { Login } from './logins.ts';
import { checkOwnIssuer } from './own-issuer.ts';
import { plainText } from './plain-text.ts';
import type { McpPorts } from './ports.ts';
import type { Sdk } from './sdk.ts';

/** One attempt to get tokens. */
export interface Flow {
  readonly provider: OAuthClientProvider;
  /** The server is its own authorization server, under a name of its choice. */
  own: boolean;
  /** Sends the person where the provider was told to; resolves with the code that came back. */
  visit(): Promise<{ readonly authorizationCode: string; readonly iss?: string }>;
}

export interface FlowSetup {
  /** Its name. */
  readonly server: string;
  readonly url: string;
  readonly auth: PersonAuth;
  /** Ends the wait for the browser. */
  readonly signal: AbortSignal;
}

export type LoginChange = { readonly [K in keyof Login]?: Login[K] | undefined };

/** The login to one server: what is read may be another a moment later. */
export interface LoginSlot {
  read(): Promise<Login>;
  /** `undefined` drops a part. */
  change(changed: LoginChange): Promise<void>;
  /** The same, unless the access token that is kept is another by now, or gone: somebody logged in or out. */
  changeOf(token: string | undefined, changed: LoginChange): Promise<void>;
}

/** Where a browser would come back to while there is none: stands in requests that are never made. */
const NOWHERE = 'http://127.0.0.1/callback';

/** One attempt: its state, verifier and what was discovered are its own. */
export function createFlow(
  sdk: Sdk,
  { server, url, auth, signal }: FlowSetup,
  ports: McpPorts,
  { read, change, changeOf }: LoginSlot,
): Flow {
  const { consent, identity, random } = ports;
  const redirectUrl = consent?.redirectUrl ?? NOWHERE;
  const state = newId(random);
  let verifier = '';
  let discovered: OAuthDiscoveryState | undefined;
  let target: URL | undefined;
  /** The token that was there when this began. */
  let known: string | undefined;
  /** What comes is what a person said yes to, not a refresh. */
  let visited = false;
  const { clientId, secret, issuer, clientMetadataUrl } = auth;

  const provider: OAuthClientProvider = {
    redirectUrl,
    ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
    clientMetadata: {
      client_name: identity.name,
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    state: () => state,
    async clientInformation() {
      if (clientId !== undefined)
        return {
          client_id: clientId,
          ...(secret === undefined ? {} : { client_secret: await valueOf(secret) }),
          ...(issuer === undefined ? {} : { issuer }),
        };
      const { client } = await read();
      const uris = client && 'redirect_uris' in client ? client.redirect_uris : undefined;
      // Registered for another port of this machine: some authorization servers take that for another place.
      return consent && Array.isArray(uris) && !uris.includes(redirectUrl) ? undefined : client;
    },
    // Where nobody can be asked, no client is registered either.
    ...(clientId === undefined && consent ? { saveClientInformation: (client) => change({ client }) } : {}),
    async tokens() {
      const { tokens } = await read();
      known = tokens?.access_token;
      return tokens;
    },
    saveTokens: (tokens) => (visited ? change({ tokens }) : changeOf(known, { tokens })),
    redirectToAuthorization(address) {
      target = address;
    },
    saveCodeVerifier(text) {
      verifier = text;
    },
    codeVerifier: () => verifier,
    saveDiscoveryState(found) {
      if (flow.own) checkOwnIssuer(url, found);
      discovered = found;
    },
    discoveryState: () => discovered,
    async invalidateCredentials(what) {
      // What another process refreshed meanwhile is not what was refused.
      if (what === 'all' || what === 'client') await changeOf(known, { client: undefined });
      if (what === 'all' || what === 'tokens') await changeOf(known, { tokens: undefined });
    },
  };

  const flow: Flow = {
    provider,
    own: false,
    async visit() {
      if (!consent || !target) throw new OpenClawError('UNAUTHENTICATED', `Nobody can log in to the MCP server ${server} here.`);
      if (!isPrivate(target)) throw new Error(`it sends people to ${target.protocol}//${target.host}, where others could read along`);
      const back = await consent.ask(target, state, signal);
      if (back.get('state') !== state) throw new Error('the browser came back with the state of another login');
      const iss = back.get('iss') ?? undefined;
      const { authorizationServerMetadata: metadata } = discovered ?? {};
      sdk.validateAuthorizationResponseIssuer({
        iss,
        expectedIssuer: metadata?.issuer,
        issParameterSupported: metadata?.authorization_response_iss_parameter_supported === true,
      });
      const code = back.get('code');
      visited = code !== null;
      if (code !== null) return { authorizationCode: code, ...(iss === undefined ? {} : { iss }) };
      const why = [back.get('error'), back.get('error_description')].filter((text) => text !== null).join(': ');
      throw new Error(`the login was refused (${plainText(why, 200) || 'no reason given'})`);
    },
  };
  return flow;
}

function isPrivate(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}
