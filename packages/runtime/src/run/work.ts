import type { HouseTools, RunFacts } from '@openclaw-runtime/agent';
import type { Clock, Random, Wheel } from '@openclaw-runtime/kit';
import type { ModelBroker } from '@openclaw-runtime/model';
import { addUsage, NO_USAGE, type Payloads, type Usage } from '@openclaw-runtime/protocol';
import { type Durability, type Lease, type RunKey, runKey, type Store } from '@openclaw-runtime/store';
import type { AgentThreads } from '../pool/threads.ts';
import type { Agent } from './agents.ts';
import { Approvals } from './approvals.ts';
import { Brake } from './brake.ts';
import type { RunLimits } from './limits.ts';
import { Rest } from './rest.ts';
import type { Sessions } from './sessions.ts';
import type { RunWriter } from './writer.ts';

export interface RunDeps {
  readonly store: Store;
  readonly broker: ModelBroker;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly defaultModel: string;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: Wheel;
  readonly limits: RunLimits;
  readonly textDurability: Durability;
  readonly tokenIntervalMs: number;
  /** Absent where no agent has code. */
  readonly threads?: AgentThreads | undefined;
  readonly houseTools?: HouseTools | undefined;
  secrets(name: string, agent: string): string;
  scrub(text: string): string;
  workspace(key: RunKey): string | undefined;
  onSaid(key: RunKey, text: string, dropped: number): void;
  onDefect(key: RunKey, error: unknown, id: string): void;
}

/** What the parts of one run's execution share. */
export class Work {
  readonly lease: Lease;
  readonly deps: RunDeps;
  readonly asked: Payloads['run.created'];
  readonly writer: RunWriter;
  readonly brake = new Brake();
  readonly tenant: string;
  readonly run: string;
  usage = NO_USAGE;
  #approvals: Approvals | undefined;
  #rest: Rest | undefined;

  constructor(lease: Lease, deps: RunDeps, asked: Payloads['run.created'], writer: RunWriter) {
    this.lease = lease;
    this.deps = deps;
    this.asked = asked;
    this.writer = writer;
    const slash = lease.key.indexOf('/');
    this.tenant = lease.key.slice(0, slash);
    this.run = lease.key.slice(slash + 1);
  }

  get approvals(): Approvals {
    return (this.#approvals ??= new Approvals({ run: this.run, writer: this.writer, clock: this.deps.clock, rest: this.rest }));
  }

  get rest(): Rest {
    return (this.#rest ??= new Rest(this.deps.clock));
  }

  /** Whether the run did nothing but wait for people in the last `ms`. */
  hasRested(ms: number, nowMs: number): boolean {
    return this.#rest?.hasLasted(ms, nowMs) ?? false;
  }

  get facts(): RunFacts {
    const { agent, session, parent } = this.asked;
    const workspace = this.deps.workspace(parent ? runKey(this.tenant, parent.root) : this.lease.key);
    return {
      run: this.run,
      tenant: this.tenant,
      agent,
      ...(session !== undefined && { session }),
      ...(workspace !== undefined && { workspace }),
    };
  }

  spend(usage: Usage): void {
    this.usage = addUsage(this.usage, usage);
  }
}
