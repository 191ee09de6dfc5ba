import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admitted } from '../admission/gate.ts';
import type { GatewayContext } from '../admission/options.ts';
import { noteRefusal } from '../audit/audit.ts';
import type { Asker } from '../limits/admission.ts';

/** What an HTTP request takes of the limits of whoever asks, before its body is read. Throws `RATE_LIMITED`, which is noted. */
export function payToll(
  { admission, audit }: Pick<GatewayContext, 'admission' | 'audit'>,
  { route, permission }: Pick<Admitted, 'route' | 'permission'>,
  asker: Asker,
  request: IncomingMessage,
  response: ServerResponse,
  isOpenAi: boolean,
): void {
  if (permission.scope === 'public') return;
  const { principal, address } = asker;
  const begins = permission.starts === true;
  try {
    if (!goesOn(route)) admission.message(asker, Number(request.headers['content-length'] ?? 0));
    if (begins) admission.run(asker);
    else if (!goesOn(route)) admission.rest();
  } catch (error) {
    if (begins) tell(admission.headers(asker, isOpenAi), response);
    noteRefusal(audit, error, { principal, address, target: route });
    throw error;
  }
  if (begins) tell(admission.headers(asker, isOpenAi), response);
}

/** Ends a run, answers its question or goes on reading it: never refused for what else was asked. */
function goesOn(route: string): boolean {
  return /\/(?:cancel|approve|events|stream)$|^GET \/v1\/(?:runs|responses)\/\{\w+\}$/.test(route);
}

function tell(headers: Readonly<Record<string, string>> | undefined, response: ServerResponse): void {
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
}
