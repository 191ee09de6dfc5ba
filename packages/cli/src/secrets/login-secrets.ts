import type { Login, Logins } from '@openclaw-runtime/tools';
import { Secret } from './secret.ts';

export interface LoginSecrets {
  /** Whoever watches them learns each value before it is used. */
  readonly secrets: readonly Secret[];
  /** The same logins, of which nothing is read or written unnoticed. */
  noticed(logins: Logins): Logins;
}

/** What logins to these servers have that is nobody's business: tokens and clients' secrets. */
export function createLoginSecrets(servers: readonly string[]): LoginSecrets {
  const slots = new Map(servers.map((server) => [server, [createSlot(), createSlot(), createSlot()] as const]));
  const notice = (server: string, login: Login | undefined): void => {
    const { access_token, refresh_token } = login?.tokens ?? {};
    const values = [access_token, refresh_token, login?.client?.client_secret];
    for (const [i, slot] of (slots.get(server) ?? []).entries()) slot.take(values[i]);
  };
  return {
    secrets: [...slots.values()].flat().map(({ secret }) => secret),
    noticed: (logins) => ({
      async read(server) {
        const login = await logins.read(server);
        notice(server, login);
        return login;
      },
      async write(server, login) {
        notice(server, login);
        await logins.write(server, login);
      },
    }),
  };
}

interface Slot {
  readonly secret: Secret;
  take(value: string | undefined): void;
}

function createSlot(): Slot {
  let current = '';
  const secret = new Secret(() => current);
  return {
    secret,
    take(value) {
      if (value === undefined || value === current) return;
      current = value;
      secret.reveal();
    },
  };
}
