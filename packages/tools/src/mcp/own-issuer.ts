import type { OAuthDiscoveryState } from '@modelcontextprotocol/client';

/** Whether a server and an issuer are one: then the issuer's name says nothing that its address does not. */
export function isOwnIssuer(server: string, issuer: string | undefined): boolean {
  return issuer !== undefined && originOf(issuer) === new URL(server).origin;
}

/**
 * Servers of before there were descriptions of resources describe their authorization server at their own root, under a name that may have a path. That is taken
 * where all of it stays at the server's origin, so that nobody is given what is another's. Throws where it does not.
 */
export function checkOwnIssuer(
  server: string,
  { authorizationServerUrl, resourceMetadata, authorizationServerMetadata }: OAuthDiscoveryState,
): void {
  const { issuer, authorization_endpoint, token_endpoint, registration_endpoint } = authorizationServerMetadata ?? {};
  const places = [authorizationServerUrl, issuer, authorization_endpoint, token_endpoint, registration_endpoint].filter(
    (place) => place !== undefined,
  );
  const { origin } = new URL(server);
  const elsewhere = places.find((place) => originOf(place) !== origin);
  if (elsewhere === undefined && resourceMetadata === undefined) return;
  throw new Error(`the authorization server at ${authorizationServerUrl} says it is another (${issuer ?? 'without a name'})`);
}

function originOf(place: string): string | undefined {
  return URL.canParse(place) ? new URL(place).origin : undefined;
}
