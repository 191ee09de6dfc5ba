import { OpenClawError } from '@openclaw-runtime/protocol';

const RUN = '[A-Za-z0-9_-]{22}';
const RESPONSE = new RegExp(`^(?:resp_|chatcmpl-)?(${RUN})$`);

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
