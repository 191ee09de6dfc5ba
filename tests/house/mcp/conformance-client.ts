// The program that the conformance suite runs against its servers: our client, as the house opens it. Where a person is asked to log in, it does what a browser
// does whose user says yes: visits the address, and follows it back to this machine.
//   node --conditions=openclaw-source conformance-client.ts URL
import { seededRandom, systemClock, systemRandom } from '@openclaw-runtime/kit';
import { type Consent, createMachine, type McpAuth, openCallback, openHouseTools } from '@openclaw-runtime/tools';

/** What the suite tells its client beside the address; of the scenario, by its own variable. */
interface Context {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  readonly signing_algorithm?: string;
  readonly idp_client_id?: string;
  readonly idp_id_token?: string;
  readonly idp_token_endpoint?: string;
}

const TIMEOUT_MS = 20_000;
const url = process.argv.at(-1) ?? '';
const { MCP_CONFORMANCE_CONTEXT: given = '{}', MCP_CONFORMANCE_SCENARIO: scenario = '' } = process.env;

const callback = await openCallback(0);
const consent: Consent = {
  redirectUrl: callback.redirectUrl,
  async ask(address, state, signal) {
    const back = callback.wait(state, signal);
    const page = await fetch(address, { signal });
    if (!page.ok) throw new Error(`the page at ${page.url} answers ${page.status}`);
    return back;
  },
};
const auth = await authOf(JSON.parse(given) as Context);
const server = { kind: 'http', url, timeoutMs: TIMEOUT_MS, elicitation: 'defaults', ...(auth && { auth }) } as const;
const tools = await openHouseTools(
  { calc: false, mcp: { suite: server } },
  {
    clock: systemClock,
    random: systemRandom,
    machine: createMachine(process.env, seededRandom(1)),
    note: (text) => console.error(text),
    consent,
  },
);
try {
  const [state] = tools.servers();
  const run = { run: 'run', tenant: 'tenant', agent: 'agent' };
  for (const { card, execute } of tools.list()) {
    const wanted = (card.parameters.properties ?? {}) as Readonly<Record<string, unknown>>;
    const args = Object.fromEntries(Object.keys(wanted).map((name, index) => [name, index + 2]));
    console.log(card.name, await execute(args, { key: 'key', run, signal: AbortSignal.timeout(TIMEOUT_MS) }));
  }
  if (state?.phase !== 'ready') process.exitCode = 1;
} finally {
  await tools.close();
  await callback.close();
}

/** What a configuration would say. The issuer, which people write there, is whoever the server names. */
async function authOf(context: Context): Promise<McpAuth | undefined> {
  const { client_id: clientId, client_secret: secret, private_key_pem: privateKey, signing_algorithm: algorithm = 'ES256' } = context;
  if (scenario === 'auth/basic-cimd') return { grant: 'person', clientMetadataUrl: 'https://conformance-test.local/client-metadata.json' };
  if (clientId === undefined) return undefined;
  const issuer = await issuerOf();
  if (privateKey !== undefined) return { grant: 'machine', clientId, secret: { privateKey, algorithm }, issuer };
  if (secret === undefined) return undefined;
  if (scenario.startsWith('auth/client-credentials')) return { grant: 'machine', clientId, secret, issuer };
  const { idp_token_endpoint: tokenEndpoint, idp_client_id: idpClient, idp_id_token: idToken } = context;
  if (tokenEndpoint === undefined || idpClient === undefined || idToken === undefined) return { grant: 'person', clientId, secret, issuer };
  return { grant: 'enterprise', clientId, secret, issuer, provider: { tokenEndpoint, clientId: idpClient, idToken } };
}

async function issuerOf(): Promise<string> {
  const { origin, pathname } = new URL(url);
  const answer = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  const { authorization_servers: [first] = [] } = (await answer.json()) as { readonly authorization_servers?: readonly string[] };
  return first ?? origin;
}
