import type { CommandKind, UpFrame } from '@openclaw-runtime/protocol';
import type { Scope } from './principal.ts';

/** What something takes that can be asked of this server. */
export interface Permission {
  /** `public`: it is answered to everybody. */
  readonly scope: Scope | 'public';
  /** It is about all tenants, so that only the house's own may ask it. */
  readonly house?: true;
  /** It begins work: a server that drains or has too much of it refuses. */
  readonly starts?: true;
}

/*
 * One row for each thing that can be asked: what has none is refused, whoever asks. `{run}` is the id of a run, `{id}` one part of a path, `{rest}` all that is left of it.
 */

const OURS = {
  'GET /healthz': { scope: 'public' },
  'HEAD /healthz': { scope: 'public' },
  'GET /readyz': { scope: 'public' },
  'HEAD /readyz': { scope: 'public' },
  'GET /v1/runs': { scope: 'read' },
  'POST /v1/runs': { scope: 'run', starts: true },
  'GET /v1/runs/{run}': { scope: 'read' },
  'GET /v1/runs/{run}/events': { scope: 'read' },
  'GET /v1/runs/{run}/why': { scope: 'read' },
  'POST /v1/runs/{run}/fork': { scope: 'run', starts: true },
  'POST /v1/runs/{run}/cancel': { scope: 'run' },
  'POST /v1/runs/{run}/messages': { scope: 'run' },
  'POST /v1/runs/{run}/feedback': { scope: 'run' },
  'POST /v1/runs/{run}/level': { scope: 'run' },
  'POST /v1/runs/{run}/approve': { scope: 'approve' },
  'POST /v1/runs/{run}/budget': { scope: 'approve' },
  'GET /v1/reasoning': { scope: 'read' },
  'GET /v1/budgets': { scope: 'read' },
  'POST /v1/budgets': { scope: 'operate' },
  'GET /v1/tiers': { scope: 'operate', house: true },
  'POST /v1/tiers': { scope: 'operate', house: true },
  'GET /v1/status': { scope: 'operate', house: true },
  'POST /v1/reload': { scope: 'operate', house: true },
  'POST /v1/verify': { scope: 'operate', house: true },
  'POST /v1/tickets': { scope: 'read' },
  'GET /v1/keys': { scope: 'admin' },
  'POST /v1/keys': { scope: 'admin' },
  'POST /v1/keys/{id}/rotate': { scope: 'admin' },
  'POST /v1/keys/{id}/revoke': { scope: 'admin' },
  'GET /v1/backup': { scope: 'admin', house: true },
  'POST /v1/erase': { scope: 'admin' },
} as const satisfies Permissions;

const OPENAI = {
  'GET /openapi.json': { scope: 'read' },
  'GET /v1/models': { scope: 'read' },
  'GET /v1/models/{rest}': { scope: 'read' },
  'POST /v1/chat/completions': { scope: 'run', starts: true },
  'POST /v1/responses': { scope: 'run', starts: true },
  'GET /v1/responses/{id}': { scope: 'read' },
  'DELETE /v1/responses/{id}': { scope: 'run' },
  'POST /v1/responses/{id}/cancel': { scope: 'run' },
  'GET /v1/responses/{id}/input_items': { scope: 'read' },
} as const satisfies Permissions;

const UI_STREAM = {
  'POST /v1/chat': { scope: 'run', starts: true },
  'GET /v1/chat/{id}/stream': { scope: 'read' },
  'POST /v1/chat/{id}/cancel': { scope: 'run' },
} as const satisfies Permissions;

const MCP = {
  'POST /mcp': { scope: 'run' },
  'GET /mcp': { scope: 'run' },
  'DELETE /mcp': { scope: 'run' },
} as const satisfies Permissions;

/** By method and path. */
export const ROUTES = { ...OURS, ...OPENAI, ...UI_STREAM, ...MCP } as const;
export type Route = keyof typeof ROUTES;
/** Those that no door serves. */
export type OurRoute = keyof typeof OURS;

/** By the kind of a frame, and of a command. */
export const FRAMES = {
  hello: { scope: 'public' },
  start: { scope: 'run', starts: true },
  attach: { scope: 'read' },
  detach: { scope: 'read' },
  'command.cancel': { scope: 'run' },
  'command.send': { scope: 'run' },
  'command.feedback': { scope: 'run' },
  'command.level': { scope: 'run' },
  'command.approve': { scope: 'approve' },
  'command.topup': { scope: 'approve' },
} as const satisfies Readonly<Record<Frame, Permission>>;
export type Frame = Exclude<UpFrame['t'], 'command'> | `command.${CommandKind}`;

type Permissions = Readonly<Record<`${'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'} /${string}`, Permission>>;
