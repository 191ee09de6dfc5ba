import type { Clock, Random } from '@openclaw-runtime/kit';
import type { OpenClawError, TokenPrice } from '@openclaw-runtime/protocol';
import type { RunKey, Store } from '@openclaw-runtime/store';
import type { Audit } from '../audit/audit.ts';
import type { Identity } from '../identity/identity.ts';
import type { AuthOptions } from '../identity/proof/open-identity.ts';
import type { Admission, AdmissionOptions } from '../limits/admission.ts';
import type { Proxies } from '../line/address.ts';
import type { Tls } from '../line/listener.ts';

/** What a model costs; `undefined` where nobody knows. */
export type PriceOf = (model: string) => TokenPrice | undefined;

/** What is asked of whoever works on runs: answers are shown as they are. */
export interface Insight {
  /** What a run that has not ended waits for. */
  waits(key: RunKey): readonly object[];
  /** How models, agents and threads fare, those that fare badly first. */
  tiers(): readonly object[];
  /** Puts one of them into a tier; undefined: it is judged again. */
  setTier(of: 'model' | 'agent' | 'host', name: string, tier: 0 | 1 | 2 | 3 | undefined): void;
  /** How the whole house is, at a glance. */
  status?(): Promise<object>;
  /** Has the configuration read again. Rejects with `NOT_IMPLEMENTED` where nothing stands in a file. */
  reload?(): Promise<object>;
}

export interface GatewayOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** For everything. Without one, without keys and without `auth`, only a loopback address may be listened on, and whoever comes may do everything. */
  readonly token?: () => string;
  /** For everything as well: that of the commands of this machine. */
  readonly localKey?: string;
  readonly auth?: AuthOptions;
  /** Absent: the line is plain. */
  readonly tls?: Tls;
  /** Origins of web pages that may connect, besides the server's own. */
  readonly origins?: readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<GatewayLimits>;
  /** What `welcome` says of this server. */
  readonly serverName: string;
  /** What `/readyz` says, besides whether the server is ready, to those who may use it. */
  readonly details?: () => Readonly<Record<string, unknown>>;
  /** What the house knows of its runs beside their logs. */
  readonly insight?: Insight;
  /** For what answers say of their cost. */
  readonly priceOf?: PriceOf;
  /** Absent: nothing is written down. */
  readonly audit?: Audit;
  /** What may be taken of this server, beside what the gateway's own limits say. */
  readonly admission?: Partial<Pick<AdmissionOptions, 'keyed' | 'all' | 'waitMs' | 'memory' | 'onLevel'>>;
  /** A defect in the gateway: the request it concerns was answered with `INTERNAL` and this id. */
  onDefect(id: string, error: unknown): void;
}

/** What one client, or all together, may ask of the gateway. */
export interface GatewayLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Of connections that have not said hello yet. */
  readonly strangers: number;
  readonly helloMs: number;
  /** Frames a second that one connection may send, and how many at once. */
  readonly framesPerSecond: number;
  readonly framesBurst: number;
  readonly pingsPerSecond: number;
  readonly pingsBurst: number;
  /** Bytes unsent on a connection before it is fed no further. */
  readonly unsentBytes: number;
  /** Bytes of one frame that feeds channels. */
  readonly feedBytes: number;
  /** Milliseconds that a full connection may take nothing. */
  readonly stalledMs: number;
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  /** Milliseconds without a pong after which a peer is taken for gone. */
  readonly pongMs: number;
  /** Records behind the head from which a reader gets the snapshot instead, where there is one. */
  readonly snapshotDistance: number;
  /** Milliseconds in which a request's headers, and its body, must have come. */
  readonly requestMs: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  connections: 20_000,
  connectionsPerAddress: 10_000,
  strangers: 1_000,
  helloMs: 5_000,
  framesPerSecond: 5_000,
  framesBurst: 10_000,
  pingsPerSecond: 10,
  pingsBurst: 50,
  unsentBytes: 512 * 1024,
  feedBytes: 256 * 1024,
  stalledMs: 120_000,
  heartbeatMs: 15_000,
  silenceMs: 1_000,
  pongMs: 40_000,
  snapshotDistance: 4_096,
  requestMs: 10_000,
};

/** What the parts of the gateway share. */
export interface GatewayContext extends Omit<GatewayOptions, 'limits' | 'origins' | 'audit' | 'admission' | 'trustedProxies'> {
  readonly identity: Identity;
  readonly trustedProxies?: Proxies;
  readonly limits: GatewayLimits;
  readonly audit: Audit;
  readonly admission: Admission;
  readonly origins: readonly string[];
  /** Turns anything thrown into an error that may be shown; defects are reported and hidden behind an id. */
  shown(error: unknown): OpenClawError;
}
