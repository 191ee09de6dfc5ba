import { SCOPES } from '../../../packages/gateway/src/identity/principal.ts';
import type { AttackedHouse } from '../house.ts';
import type { Ids } from '../inventory.ts';

/** What a tenant has. Its name stands in all its texts, so whoever reads the name reads what is not theirs. */
export interface Estate {
  readonly tenant: string;
  /** Of a key with every scope that a tenant can have. */
  readonly key: string;
  /** What stands in the places of paths and frames: each a thing that there is. */
  readonly ids: readonly Ids[];
  /** Ids that nobody else is ever told. */
  readonly secrets: readonly string[];
  readonly idempotencyKey: string;
  /** What the tenant itself is told of all of it. */
  look(): Promise<string>;
}

export async function openEstate(house: AttackedHouse, tenant: string): Promise<Estate> {
  const { text: key, key: issued } = await house.issue({ name: `key of ${tenant}`, tenant, scopes: SCOPES });
  const running = await house.begin(tenant, `running ${tenant}`);
  const ended = await house.begin(tenant, `ended ${tenant}`, true);
  const idempotencyKey = `idem-${tenant}`;
  const headers = { 'idempotency-key': idempotencyKey };
  const post = async (path: string, json: object, more = {}): Promise<Record<string, string>> => {
    const { status, text } = await house.ask(path, { method: 'POST', key, json, headers: more });
    if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
    return JSON.parse(text) as Record<string, string>;
  };
  const { run: queued = '' } = await post('/v1/runs', { input: `question of ${tenant}`, session: `session-${tenant}` }, headers);
  const { id: response = '' } = await post('/v1/responses', { model: 'agent:default', input: `asked by ${tenant}`, background: true });
  const chat = { id: `chat-${tenant}`, messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: `chat of ${tenant}` }] }] };
  await house.ask('/v1/chat', { method: 'POST', key, json: chat, onlyHead: true });
  const ids = [
    { run: running, id: response },
    { run: ended, id: issued.id },
    { run: queued, id: chat.id },
    { run: response.replace(/^resp_/, ''), id: `resp_${ended}` },
  ];
  return {
    tenant,
    key,
    ids,
    secrets: [tenant, running, ended, queued, response, issued.id],
    idempotencyKey,
    async look() {
      const paths = ids.flatMap(({ run }) => [`/v1/runs/${run}`]).concat(`/v1/responses/${response}`);
      const answers = await Promise.all(paths.map((path) => house.ask(path, { key })));
      return answers.map(({ status, text }) => `${status} ${text}`).join('\n');
    },
  };
}
