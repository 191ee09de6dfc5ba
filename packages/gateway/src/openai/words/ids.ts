import { ID_PATTERN } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';

const RESPONSE = new RegExp(`^(?:resp_|chatcmpl-)?(${ID_PATTERN})$`);

export function responseId(run: string): string {
  return `resp_${run}`;
}

export function completionId(run: string): string {
  return `chatcmpl-${run}`;
}

/** The run that a response's id names. Throws `NOT_FOUND` for what is no id of ours. */
export function runOfResponse(id: string): string {
  const run = RESPONSE.exec(id)?.[1];
  if (run === undefined) throw noResponse(id);
  return run;
}

export function noResponse(id: string): OpenClawError {
  return new OpenClawError('NOT_FOUND', `There is no response ${id.slice(0, 64)}.`);
}
