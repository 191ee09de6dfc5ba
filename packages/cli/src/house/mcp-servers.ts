import type { HouseToolOptions, McpAuth } from '@openclaw-runtime/tools';
import type { McpAuthSettings, McpSettings, Value } from '../config/config.ts';

type Options = NonNullable<HouseToolOptions['mcp']>[string];

/** A configured MCP server as the tools take it: secrets are read when they are needed, so that one that was changed is used. */
export function serverOf(server: McpSettings): Options {
  if (server.kind === 'http') {
    const { headers, auth, ...rest } = server;
    return { ...rest, ...(headers && { headers: given(headers) }), ...(auth && { auth: authOf(auth) }) };
  }
  const { env, ...rest } = server;
  return { ...rest, ...(env && { env: given(env) }) };
}

/** At this moment. */
export function textOf(value: Value): string {
  return typeof value === 'string' ? value : value.reveal();
}

function given(values: Readonly<Record<string, Value>>): Readonly<Record<string, () => string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, () => textOf(value)]));
}

function authOf(auth: McpAuthSettings): McpAuth {
  switch (auth.grant) {
    case 'person': {
      const { secret, ...rest } = auth;
      return { ...rest, ...(secret && { secret: () => secret.fetch() }) };
    }
    case 'machine': {
      const { secret, ...rest } = auth;
      if (!('privateKey' in secret)) return { ...rest, secret: () => secret.fetch() };
      const { privateKey, algorithm } = secret;
      return { ...rest, secret: { privateKey: () => privateKey.fetch(), algorithm } };
    }
    case 'enterprise': {
      const { secret, provider, ...rest } = auth;
      const { secret: theirs, idToken, ...place } = provider;
      const named = { ...place, ...(theirs && { secret: () => theirs.fetch() }), idToken: () => idToken.fetch() };
      return { ...rest, secret: () => secret.fetch(), provider: named };
    }
  }
}
