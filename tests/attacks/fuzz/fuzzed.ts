import { encodeRecord, NO_USAGE } from '@openclaw-runtime/protocol';
import type { Store } from '@openclaw-runtime/store';
import { type AttackedHouse, openHouse } from '../house.ts';
import { type Specimens, specimens } from './specimens.ts';

export interface Fuzzed {
  readonly house: AttackedHouse;
  /** Of what there is in that house. */
  readonly right: Specimens;
}

/** A house whose runs end at once, all but one. */
export async function openFuzzed(store: Store): Promise<Fuzzed> {
  const house = await openHouse({ store, admission: { keyed: { perKey: {}, perTenant: {}, perAddress: {} } } });
  const [ended, open] = await Promise.all([house.begin('default', 'ended', true), house.begin('default', 'open')]);
  const finished = encodeRecord('run.finished', 0, 0, { status: 'completed', reason: 'stop', usage: NO_USAGE });
  store.queue.consume('fuzz', 100_000, {
    leased: (lease) => lease.append([finished], 'process', true),
    command: () => undefined,
    lost: () => undefined,
  });
  const [response, key] = [await idBy(house, '/v1/responses', RESPONSE), await idBy(house, '/v1/keys', KEY)];
  return { house, right: specimens({ ended, open, response, key }) };
}

const RESPONSE = { model: 'agent:default', input: 'q' };
const KEY = { name: 'fuzz' };

/** Of what is made so. */
async function idBy(house: AttackedHouse, path: string, json: object): Promise<string> {
  const { text } = await house.ask(path, { method: 'POST', key: house.master, json });
  const made = JSON.parse(text) as { readonly id?: string; readonly key?: { readonly id: string } };
  const id = made.id ?? made.key?.id;
  if (id === undefined) throw new Error(`${path} made nothing: ${text}`);
  return id;
}
