import type { StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client';

/** What came of a person's login to a server. All of it is secret. */
export interface Login {
  /** Of the MCP server. What was given to one address is of no use at another. */
  readonly url: string;
  readonly client?: StoredOAuthClientInformation;
  readonly tokens?: StoredOAuthTokens;
  /** Rights that a call lacked: asked for at the next login. */
  readonly wants?: string;
}

/** Where logins are kept, by the name of the server. Others may write there too: nothing is remembered from one look to the next. */
export interface Logins {
  read(server: string): Promise<Login | undefined>;
  /** `undefined` forgets it. */
  write(server: string, login: Login | undefined): Promise<void>;
}

/** For the life of this process. */
export function createMemoryLogins(): Logins {
  const logins = new Map<string, Login>();
  return {
    read: async (server) => logins.get(server),
    async write(server, login) {
      if (login) logins.set(server, login);
      else logins.delete(server);
    },
  };
}
