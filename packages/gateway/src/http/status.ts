import type { ServerResponse } from 'node:http';
import { OpenClawError } from '@openclaw-runtime/protocol';
import type { GatewayContext } from '../admission/options.ts';
import { respondJson } from './respond.ts';

/** `GET /v1/status`: how the house is, at a glance. */
export async function tellStatus({ insight }: Pick<GatewayContext, 'insight'>, response: ServerResponse): Promise<void> {
  if (!insight?.status) throw new OpenClawError('NOT_IMPLEMENTED', 'This server knows nothing of itself.');
  respondJson(response, 200, await insight.status());
}

/** `POST /v1/reload`: has the configuration read again, and answers what became of it. */
export async function reload({ insight }: Pick<GatewayContext, 'insight'>, response: ServerResponse): Promise<void> {
  if (!insight?.reload)
    throw new OpenClawError('NOT_IMPLEMENTED', 'This server was given its configuration by a program. Start it with claw up.');
  respondJson(response, 200, await insight.reload());
}
