import { ID_PATTERN, newId } from '@openclaw-runtime/kit';
import { type Approval, LIMITS } from '@openclaw-runtime/protocol';
import { runKey } from '@openclaw-runtime/store';
import { submitCommand } from '../../admission/submit.ts';
import { argsHashOf } from '../../audit/audit.ts';
import { readRun } from '../../openai/reading/follow.ts';
import { Refusal } from '../words/errors.ts';
import type { Call, Method } from './call.ts';

const FORM = new RegExp(`^(${ID_PATTERN})\\.(.+)$`, 's');

/** Of the runs that are told here. */
export const approvalList: Method = ({ seat }) => seat.approvals();

/** A person's answer: it is for exactly the arguments that were shown, and counts once. */
export const approvalResolve: Method = async (call) => {
  const { params, house, tenant, seat } = call;
  const id = params.text('id', 256, 1) ?? '';
  const decision = params.oneOf('decision', ['allow-once', 'allow-always', 'deny']);
  if (decision === undefined) throw params.bad('decision', 'give allow-once or deny');
  if (decision === 'allow-always')
    throw params.bad('decision', 'allow-always is not served here: rules of the configuration say what is always allowed');
  const [, run = '', approval = ''] = FORM.exec(id) ?? [];
  const asked = run === '' ? undefined : await findOpen(call, run, approval);
  if (!asked) throw new Refusal('NOT_FOUND', 'unknown or expired approval id', { code: 'NOT_FOUND', reason: 'APPROVAL_NOT_FOUND' });
  const answer = decision === 'deny' ? 'deny' : 'allow';
  const data = { approval, hash: asked.hash, answer };
  const { principal, asker } = seat;
  house.context.audit.note({
    principal,
    address: asker.address,
    action: 'command.approve',
    target: run,
    decision: 'allowed',
    argsHash: argsHashOf(data),
  });
  await submitCommand(house.context.store, runKey(tenant, run), { id: newId(house.context.random), kind: 'approve', data });
  return { ok: true, id, decision };
};

/** What is asked and not answered. */
async function findOpen({ house: { context }, tenant }: Call, run: string, id: string): Promise<Approval | undefined> {
  if (id.length > LIMITS.maxNameLength) return undefined;
  let found: Approval | undefined;
  for await (const piece of readRun(context, runKey(tenant, run))) {
    if (piece.kind !== 'records') continue;
    for (const record of piece.records) {
      if (record.kind === 'approval.asked' && record.data.id === id) found = record.data;
      else if (record.kind === 'approval.given' && record.data.id === id) found = undefined;
    }
  }
  return found?.about === 'tool' ? found : undefined;
}
