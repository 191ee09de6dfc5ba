import { LIMITS } from '@openclaw-runtime/protocol';
import { type AskedRun, askedModel, checkedRun, type Door, ownFields } from '../openai/input/asked.ts';
import { Fields } from '../openai/input/fields.ts';
import { toolSpecs } from '../openai/input/tools.ts';
import { uiMessages } from './messages.ts';

/** A turn of a chat. */
export interface UiChat {
  readonly chat: string;
  readonly run: AskedRun;
}

/** What stands in the first record of the run that answers it. */
export interface UiDoor extends Door {
  readonly api: 'ui';
  readonly chat: string;
  /** The message that the answer goes on with; absent: it is one of its own. */
  readonly message?: string;
}

/** Milliseconds for which an answer goes on that nobody waits for: pages are loaded anew, and come back. */
export const UI_LEASE_MS = 30_000;

/** The body of `DefaultChatTransport`, with what its `body` may add: `model`, `tools`, `background`, `openclaw`. Throws `BAD_REQUEST`. */
export function parseUiChat(body: unknown): UiChat {
  const request = new Fields(body);
  const chat = request.text('id', LIMITS.maxNameLength, 1);
  if (chat === undefined) throw request.bad('id', 'name the chat');
  const { model, whom } = request.any('model') === undefined ? { model: 'agent:default', whom: {} } : askedModel(request);
  const { input, goesOn } = uiMessages(request);
  const tools = toolSpecs(request, false);
  const background = request.flag('background') ?? false;
  request.oneOf('trigger', ['submit-message', 'regenerate-message']);
  request.text('messageId', LIMITS.maxBodyBytes);
  const { fields } = ownFields(request, false);
  for (const name of ['session', 'supersede'])
    if (Object.hasOwn(request.json('openclaw') ?? {}, name)) throw request.bad(`openclaw.${name}`, 'has no meaning here; leave it out');
  request.end();
  const door: UiDoor = {
    api: 'ui',
    model,
    chat,
    ...(goesOn === undefined ? {} : { message: goesOn }),
    ...(background ? {} : { leaseMs: UI_LEASE_MS }),
  };
  return { chat, run: checkedRun({ ...fields, ...whom, input, ...(tools && { tools }) }, door) };
}
