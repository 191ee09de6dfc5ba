import type { McpAuthSettings } from './config.ts';
import type { Problem } from './problems.ts';
import type { FileConfig } from './schema.ts';
import type { SecretAt } from './secrets.ts';

type FileAuth = NonNullable<NonNullable<FileConfig['mcp']>[string]['auth']>;
type Word = keyof FileAuth;
type ProviderWord = keyof NonNullable<FileAuth['provider']>;

/** Which words each way of logging in takes, and needs. */
const WORDS: Readonly<Record<McpAuthSettings['grant'], { readonly may: readonly Word[]; readonly must: readonly Word[] }>> = {
  person: { may: ['clientId', 'secret', 'issuer', 'scope', 'clientMetadataUrl', 'redirectPort'], must: [] },
  machine: { may: ['clientId', 'secret', 'privateKey', 'algorithm', 'issuer', 'scope'], must: ['clientId', 'issuer'] },
  enterprise: { may: ['clientId', 'secret', 'issuer', 'provider'], must: ['clientId', 'secret', 'issuer', 'provider'] },
};

/** How a server is logged in to; words that do not belong together become problems. */
export function resolveMcpAuth(
  auth: FileAuth,
  path: readonly string[],
  secretAt: SecretAt,
  problems: Problem[],
): McpAuthSettings | undefined {
  const { grant = 'person', clientId = '', secret, privateKey, algorithm = 'RS256', issuer = '', provider, ...rest } = auth;
  const before = problems.length;
  const wrong = (word: Word | `provider.${ProviderWord}`, says: string): void =>
    void problems.push({ path: [...path, ...word.split('.')], says });
  const { may, must } = WORDS[grant];
  for (const word of Object.keys(auth) as Word[]) if (word !== 'grant' && !may.includes(word)) wrong(word, `is not for grant: ${grant}.`);
  for (const word of must) if (auth[word] === undefined) wrong(word, `is missing, which grant: ${grant} needs.`);
  // A secret is for one authorization server, which is known before anybody asks for it.
  if (grant === 'person' && secret !== undefined)
    for (const word of ['clientId', 'issuer'] as const) if (auth[word] === undefined) wrong(word, 'is missing: whose secret is it?');
  if (grant === 'machine' && (secret === undefined) === (privateKey === undefined))
    wrong('secret', 'is needed, or a privateKey in its place, and not both.');
  if (grant === 'enterprise') checkProvider(provider ?? {}, wrong);
  if (problems.length > before) return undefined;

  const read = (written: string, ...words: readonly string[]): ReturnType<SecretAt> => secretAt(written, [...path, ...words]);
  if (grant === 'machine') {
    const key = privateKey === undefined ? undefined : { privateKey: read(privateKey, 'privateKey'), algorithm };
    const { scope } = rest;
    return { grant, clientId, issuer, secret: key ?? read(secret ?? '', 'secret'), ...(scope === undefined ? {} : { scope }) };
  }
  if (grant === 'enterprise') {
    const { secret: theirs, idToken = '', clientId: id = '', tokenEndpoint, issuer: place = '' } = provider ?? {};
    const named = {
      clientId: id,
      idToken: read(idToken, 'provider', 'idToken'),
      ...(theirs === undefined ? {} : { secret: read(theirs, 'provider', 'secret') }),
    };
    const at = tokenEndpoint === undefined ? { issuer: place } : { tokenEndpoint };
    return { grant, clientId, issuer, secret: read(secret ?? '', 'secret'), provider: { ...named, ...at } };
  }
  return {
    grant,
    ...rest,
    ...(clientId === '' ? {} : { clientId }),
    ...(issuer === '' ? {} : { issuer }),
    ...(secret === undefined ? {} : { secret: read(secret, 'secret') }),
  };
}

function checkProvider(provider: NonNullable<FileAuth['provider']>, wrong: (word: `provider.${ProviderWord}`, says: string) => void): void {
  for (const word of ['clientId', 'idToken'] as const) if (provider[word] === undefined) wrong(`provider.${word}`, 'is missing.');
  if ((provider.issuer === undefined) === (provider.tokenEndpoint === undefined))
    wrong('provider.issuer', 'is needed, or a tokenEndpoint in its place, and not both.');
}
