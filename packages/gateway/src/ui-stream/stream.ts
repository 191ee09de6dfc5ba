import type { ServerResponse } from 'node:http';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { CreatedRun } from '../admission/create-run.ts';
import type { GatewayContext } from '../admission/options.ts';
import { failureOf, shownOf } from '../openai/house/house.ts';
import { createdOf, followRun } from '../openai/reading/follow.ts';
import { createOutlet } from '../openai/reading/outlet.ts';
import { chunkEvents, DONE } from './chunks.ts';
import { UiTeller } from './teller.ts';

const HEADERS = { 'x-vercel-ai-ui-message-stream': 'v1' };

/**
 * Streams a run from its beginning as a message. Answers whether it was told to its end. Rejects with what went wrong before the first word; later the stream ends
 * with it.
 */
export async function streamUi(
  context: GatewayContext,
  response: ServerResponse,
  { run, key }: Pick<CreatedRun, 'run' | 'key'>,
  replays: boolean,
): Promise<boolean> {
  const outlet = createOutlet(context, response, { ...HEADERS, 'x-request-id': run });
  let teller: UiTeller | undefined;
  try {
    for await (const piece of followRun(context, key, outlet.gone)) {
      if (piece.kind === 'silence') {
        outlet.beat();
        continue;
      }
      if (piece.kind === 'fold') {
        if (teller)
          throw new OpenClawError('STREAM_DISCONNECTED', 'The records were folded while they were told. Ask again from the start.');
        teller = new UiTeller(run, piece.created, replays);
        outlet.write(chunkEvents(teller.takeFold(piece.fold)), true);
      } else {
        teller ??= new UiTeller(run, createdOf(piece), replays);
        for (const record of piece.records) {
          const chunks = teller.take(record);
          if (teller.outcome && !outlet.isOpen) failureOf(teller.outcome);
          if (chunks.length > 0) outlet.write(chunkEvents(chunks), record.kind !== 'run.created' && record.kind !== 'step.started');
        }
      }
      if (teller.outcome) break;
      await outlet.drained();
    }
  } catch (thrown) {
    const error = shownOf(context, thrown);
    if (outlet.gone.aborted) return false;
    if (!outlet.isOpen) throw error;
    outlet.write(chunkEvents([{ type: 'error', errorText: `${error.code}: ${error.message}` }]), true);
  }
  if (outlet.gone.aborted) return false;
  outlet.write(DONE, true);
  outlet.end();
  return teller?.outcome?.status === 'completed';
}
