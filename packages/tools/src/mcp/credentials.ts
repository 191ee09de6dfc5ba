import type { AuthProvider, OAuthClientProvider } from '@modelcontextprotocol/client';
import { valueOf } from '../process/given.ts';
import type { EnterpriseAuth, MachineAuth } from './auth-options.ts';
import type { McpPorts } from './ports.ts';
import type { Sdk } from './sdk.ts';

/** Credentials that no person has to be asked for. The SDK gives them to their issuer only, whatever authorization server the MCP server names. */
export function providerOf(
  sdk: Sdk,
  auth: MachineAuth | EnterpriseAuth,
  fetch: McpPorts['fetch'],
): Promise<AuthProvider | OAuthClientProvider> {
  return auth.grant === 'enterprise' ? enterprise(sdk, auth, fetch) : machine(sdk, auth);
}

async function machine(sdk: Sdk, { clientId, secret, issuer, scope }: MachineAuth): Promise<OAuthClientProvider> {
  const given = { clientId, expectedIssuer: issuer, ...(scope === undefined ? {} : { scope }) };
  if (typeof secret !== 'object') return new sdk.ClientCredentialsProvider({ ...given, clientSecret: await valueOf(secret) });
  return new sdk.PrivateKeyJwtProvider({ ...given, privateKey: await valueOf(secret.privateKey), algorithm: secret.algorithm });
}

async function enterprise(
  sdk: Sdk,
  { clientId, secret, issuer, provider }: EnterpriseAuth,
  fetch: McpPorts['fetch'],
): Promise<OAuthClientProvider> {
  return new sdk.CrossAppAccessProvider({
    clientId,
    clientSecret: await valueOf(secret),
    expectedIssuer: issuer,
    fetchFn: fetch,
    async assertion({ authorizationServerUrl, resourceUrl, scope }) {
      const asked = {
        audience: authorizationServerUrl,
        resource: resourceUrl,
        idToken: await valueOf(provider.idToken),
        clientId: provider.clientId,
        ...(provider.secret === undefined ? {} : { clientSecret: await valueOf(provider.secret) }),
        ...(scope === undefined ? {} : { scope }),
        fetchFn: fetch,
      };
      const { jwtAuthGrant } =
        'tokenEndpoint' in provider
          ? await sdk.requestJwtAuthorizationGrant({ ...asked, tokenEndpoint: provider.tokenEndpoint })
          : await sdk.discoverAndRequestJwtAuthGrant({ ...asked, idpUrl: provider.issuer });
      return jwtAuthGrant;
    },
  });
}
