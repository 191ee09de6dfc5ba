import { LIMITS, OpenClawError } from '@openclaw-runtime/protocol';
import { Fields } from '../../openai/input/fields.ts';
import { Refusal } from './errors.ts';

/** Version of the protocol that is spoken here. */
export const GATEWAY_PROTOCOL = 4;

/** The closed lists of the protocol: any other client is refused. */
const IDS = [
  'webchat-ui',
  'openclaw-control-ui',
  'openclaw-browser-copilot',
  'openclaw-tui',
  'webchat',
  'cli',
  'gateway-client',
  'openclaw-macos',
  'openclaw-linux',
  'openclaw-ios',
  'openclaw-watchos',
  'openclaw-android',
  'node-host',
  'openclaw-worker',
  'test',
  'fingerprint',
  'openclaw-probe',
] as const;
const MODES = ['webchat', 'cli', 'ui', 'backend', 'node', 'worker', 'probe', 'test'] as const;

/** What a client says of itself when it connects. */
export interface Client {
  readonly id: (typeof IDS)[number];
  readonly mode: (typeof MODES)[number];
  readonly version: string;
  readonly platform: string;
  readonly displayName?: string | undefined;
  readonly instanceId?: string | undefined;
  /** What it can show beside text. */
  readonly caps: ReadonlySet<string>;
  /** Absent: all that its token gives. */
  readonly scopes?: readonly string[] | undefined;
  /** Whichever it has. */
  readonly token?: string | undefined;
}

const MOST = 64;
const MAX_TOKEN_CHARS = 16 * 1024;

/** Throws `UNSUPPORTED_VERSION` where it speaks no version of ours, `BAD_REQUEST` for what is not of the protocol. */
export function parseConnect(params: unknown): Client {
  const fields = new Fields(params, 'connect');
  const min = fields.count('minProtocol', 1, Number.MAX_SAFE_INTEGER) ?? 0;
  const max = fields.count('maxProtocol', 1, Number.MAX_SAFE_INTEGER) ?? 0;
  if (min > GATEWAY_PROTOCOL || max < GATEWAY_PROTOCOL) {
    const details = { code: 'PROTOCOL_MISMATCH', clientMinProtocol: min, clientMaxProtocol: max, expectedProtocol: GATEWAY_PROTOCOL };
    throw new Refusal('UNSUPPORTED_VERSION', `protocol mismatch: this server speaks version ${GATEWAY_PROTOCOL}.`, details);
  }
  const role = fields.text('role', LIMITS.maxNameLength, 1) ?? 'operator';
  if (role !== 'operator') throw fields.bad('role', 'only operators are served here, no nodes and no workers');
  const client = fields.object('client');
  const id = client?.oneOf('id', IDS);
  const mode = client?.oneOf('mode', MODES);
  const version = client?.text('version', LIMITS.maxNameLength, 1);
  const platform = client?.text('platform', LIMITS.maxNameLength, 1);
  if (!client || !id || !mode || !version || !platform) throw fields.bad('client', 'give id, version, platform and mode');
  const auth = fields.object('auth');
  const token = ['token', 'password', 'deviceToken'].map((name) => auth?.text(name, MAX_TOKEN_CHARS)).find((given) => given);
  return {
    id,
    mode,
    version,
    platform,
    displayName: client.text('displayName', 256, 1),
    instanceId: client.text('instanceId', 256, 1),
    caps: new Set(textsOf(fields, 'caps')),
    scopes: textsOf(fields, 'scopes'),
    token,
  };
}

function textsOf(fields: Fields, name: string): readonly string[] | undefined {
  const list = fields.list(name, MOST);
  if (list === undefined) return undefined;
  if (list.every((each): each is string => typeof each === 'string' && each.length > 0 && each.length <= LIMITS.maxNameLength)) return list;
  throw new OpenClawError('BAD_REQUEST', `connect.${name}: give texts of 1 to ${LIMITS.maxNameLength} characters.`);
}
