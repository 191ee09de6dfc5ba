import type { Clock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import {
  type CostEstimator,
  createCostEstimator,
  type EstimatorState,
  type LearnerState,
  type Outcome,
  type Prediction,
  type Price,
  ReasoningLevelPredictor,
  type Usage,
} from '@openclaw-runtime/reasoning';
import type { State } from '@openclaw-runtime/store';
import { type Costs, createCosts } from './costs.ts';

/** What one tenant's runs have taught. */
export interface Memory {
  readonly costs: Costs;
  /** By which `costs` goes. */
  readonly estimator: CostEstimator;
  predict(query: string): Prediction;
  learn(outcome: Outcome): void;
  spent(usage: Usage): void;
}

/** What was learned, by tenant: each is read when it is needed first, and written seconds after it changed. */
export interface Memories {
  /** What is known of a tenant, where it was read. */
  find(tenant: string): Memory | undefined;
  open(tenant: string): Promise<Memory>;
  /** As if nothing had been learned of the tenant, whose state is gone. */
  forget(tenant: string): void;
  /** Writes what is not written yet, and learns no more. */
  close(): Promise<void>;
}

export interface MemoriesOptions {
  readonly state: State;
  readonly clock: Clock;
  readonly features: readonly string[] | undefined;
  readonly priceOf: (model: string) => Price | undefined;
}

/** As it stands in the store's state, under this key of each tenant. */
interface Kept {
  readonly version: 1;
  readonly predictor?: LearnerState;
  readonly costs?: EstimatorState;
}

const KEY = 'reasoning';
/** Until outcomes are written, which people told; and until what calls took is, of which there will be more. */
const OUTCOME_MS = 5_000;
const COSTS_MS = 30_000;
/** Tenants that are remembered; and those of them whose outcomes are, which takes a megabyte each. */
const MOST_TENANTS = 1_000;
const MOST_LEARNERS = 32;

export function createMemories(options: MemoriesOptions): Memories {
  const { state, clock, features } = options;
  const common = new ReasoningLevelPredictor(features === undefined ? {} : { features });
  const known = new Map<string, TenantMemory>();
  const reading = new Map<string, Promise<Memory>>();
  let cancelSave = (): void => undefined;
  let saveAtMs = Number.POSITIVE_INFINITY;
  let isClosed = false;

  const saveAll = async (): Promise<void> => {
    await Promise.all([...known.values()].map((memory) => memory.save(state)));
    trim(known);
  };
  const touched = (withinMs: number): void => {
    const atMs = clock.now() + withinMs;
    if (isClosed || saveAtMs <= atMs) return;
    cancelSave();
    saveAtMs = atMs;
    cancelSave = clock.after(withinMs, () => {
      saveAtMs = Number.POSITIVE_INFINITY;
      void saveAll().then(() => {
        if ([...known.values()].some(({ isDirty }) => isDirty)) touched(COSTS_MS);
      });
    });
  };
  const read = async (tenant: string): Promise<Memory> => {
    const found = await state.get(tenant, KEY);
    const memory = new TenantMemory({ tenant, common, touched, ...options }, keptOf(found?.value), found?.rev ?? 0);
    known.set(tenant, memory);
    reading.delete(tenant);
    if (known.size > MOST_TENANTS) trim(known);
    return memory;
  };

  return {
    find: (tenant) => known.get(tenant),
    open(tenant) {
      const memory = known.get(tenant);
      if (memory) return Promise.resolve(memory);
      const begun = reading.get(tenant) ?? read(tenant);
      reading.set(tenant, begun);
      begun.catch(() => reading.delete(tenant));
      return begun;
    },
    forget(tenant) {
      known.delete(tenant);
      reading.delete(tenant);
    },
    async close() {
      isClosed = true;
      cancelSave();
      await saveAll();
    },
  };
}

interface TenantOptions extends MemoriesOptions {
  readonly tenant: string;
  /** Of tenants that have taught nothing. */
  readonly common: ReasoningLevelPredictor;
  /** It is to be written within so many milliseconds. */
  touched(withinMs: number): void;
}

class TenantMemory implements Memory {
  readonly costs: Costs;
  readonly estimator: CostEstimator;
  readonly #options: TenantOptions;
  #own: ReasoningLevelPredictor | undefined;
  #rev: number;
  isDirty = false;

  constructor(options: TenantOptions, { predictor, costs }: Partial<Kept>, rev: number) {
    this.#options = options;
    this.#rev = rev;
    this.estimator = estimatorOf(options.priceOf, costs);
    this.costs = createCosts(this.estimator, options.clock);
    if (predictor) this.#own = learnerOf(options.features, predictor);
  }

  get hasLearned(): boolean {
    return this.#own !== undefined;
  }

  predict(query: string): Prediction {
    return (this.#own ?? this.#options.common).predict(query);
  }

  learn(outcome: Outcome): void {
    this.#own ??= learnerOf(this.#options.features, undefined);
    this.#own?.learn(outcome);
    this.#touch(OUTCOME_MS);
  }

  spent(usage: Usage): void {
    if (this.costs.learn(usage)) this.#touch(COSTS_MS);
  }

  #touch(withinMs: number): void {
    this.isDirty = true;
    this.#options.touched(withinMs);
  }

  /** What another process wrote meanwhile is lost: what is learned is a help and no account. */
  async save(state: State): Promise<void> {
    if (!this.isDirty) return;
    this.isDirty = false;
    const { tenant } = this.#options;
    const kept: Kept = { version: 1, ...(this.#own && { predictor: this.#own.exportState() }), costs: this.estimator.exportState() };
    try {
      this.#rev = await state.put(tenant, KEY, JSON.stringify(kept), this.#rev);
    } catch (error) {
      const { code } = OpenClawError.from(error);
      if (code === 'STATE_CONFLICT') this.#rev = (await state.get(tenant, KEY).catch(() => undefined))?.rev ?? 0;
      this.isDirty = code === 'STATE_CONFLICT' || code === 'STORE_FULL';
    }
  }
}

/** Forgets who was there longest, as far as what is known of them is written. */
function trim(known: Map<string, TenantMemory>): void {
  let learners = [...known.values()].filter(({ hasLearned }) => hasLearned).length;
  for (const [tenant, memory] of known) {
    if (known.size <= MOST_TENANTS && learners <= MOST_LEARNERS) return;
    if (memory.isDirty || (known.size <= MOST_TENANTS && !memory.hasLearned)) continue;
    if (memory.hasLearned) learners--;
    known.delete(tenant);
  }
}

/** What cannot be read, or is of another version, is begun anew. */
function keptOf(text: string | undefined): Partial<Kept> {
  if (text === undefined) return {};
  try {
    const kept = JSON.parse(text) as Partial<Kept>;
    return kept.version === 1 ? kept : {};
  } catch {
    return {};
  }
}

function estimatorOf(priceOf: MemoriesOptions['priceOf'], state: EstimatorState | undefined): CostEstimator {
  try {
    return createCostEstimator({ priceOf, ...(state && { state }) });
  } catch {
    return createCostEstimator({ priceOf });
  }
}

function learnerOf(features: readonly string[] | undefined, state: LearnerState | undefined): ReasoningLevelPredictor | undefined {
  const settings = features === undefined ? {} : { features };
  try {
    return new ReasoningLevelPredictor({ ...settings, ...(state && { state }) });
  } catch {
    return state === undefined ? undefined : new ReasoningLevelPredictor(settings);
  }
}
