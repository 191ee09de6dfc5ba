// The program that the conformance suite runs against its servers: our client, as the house opens it.
//   node --conditions=openclaw-source conformance-client.ts URL
import { seededRandom, systemClock } from '@openclaw-runtime/kit';
import { createMachine, type HttpServer, openHouseTools } from '@openclaw-runtime/tools';

const url = process.argv.at(-1) ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}') as {
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  readonly signing_algorithm?: string;
};
const random = seededRandom(1);
const tools = await openHouseTools(
  { calc: false, mcp: { suite: { kind: 'http', url, timeoutMs: 20_000, ...(await credentials()) } } },
  { clock: systemClock, random, machine: createMachine(process.env, random), note: (text) => console.error(text) },
);
const [state] = tools.servers();
const run = { run: 'run', tenant: 'tenant', agent: 'agent' };
for (const { card, execute } of tools.list()) {
  const wanted = (card.parameters.properties ?? {}) as Readonly<Record<string, unknown>>;
  const args = Object.fromEntries(Object.keys(wanted).map((name, index) => [name, index + 2]));
  console.log(card.name, await execute(args, { key: 'key', run, signal: AbortSignal.timeout(20_000) }));
}
await tools.close();
if (state?.phase !== 'ready') process.exitCode = 1;

/** The suite gives id and secret; the issuer, which people configure, is whoever its server names. */
async function credentials(): Promise<Pick<HttpServer, 'auth'>> {
  const { client_id: clientId, client_secret: text, private_key_pem: privateKey, signing_algorithm: algorithm = 'ES256' } = context;
  const secret = privateKey === undefined ? text : { privateKey, algorithm };
  if (clientId === undefined || secret === undefined) return {};
  const { origin, pathname } = new URL(url);
  const answer = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  const { authorization_servers: servers = [] } = (await answer.json()) as { readonly authorization_servers?: readonly string[] };
  return { auth: { clientId, secret, issuer: servers[0] ?? origin } };
}
