import { hash } from 'node:crypto';
import { encodeId } from '@openclaw-runtime/kit';
import { OpenClawError, type ToolCall } from '@openclaw-runtime/protocol';
import type { Agent } from './agents.ts';
import { APPROVAL_MS } from './approvals.ts';
import { callTool } from './call-tool.ts';
import type { ToolAnswer } from './messages.ts';
import { approvalId, type CallPast } from './past.ts';
import { Places } from './places.ts';
import { isThreadLost, Restarts } from './restarts.ts';
import { scrubbed } from './scrubbed.ts';
import type { Tool, Toolbox } from './toolbox.ts';
import type { Work } from './work.ts';

/** Who carries out calls, and with what. */
export interface Hands {
  readonly work: Work;
  readonly agent: Agent;
  readonly toolbox: Toolbox;
}

/** A step whose calls are carried out. */
export interface Acting {
  readonly step: number;
  readonly attempt: number;
  /** Those that are the run's own. */
  readonly calls: readonly PlacedCall[];
}

export interface PlacedCall {
  readonly call: ToolCall;
  /** Among all calls of the step, from 0. */
  readonly place: number;
  /** What an earlier owner left of it. */
  readonly past: CallPast;
}

const AT_ONCE = 8;

/**
 * Carries out a step's calls, some at once. Resolves to what the model is told, in the order of the calls: what goes wrong with a tool is a result too. Rejects when the
 * run is to stop, or cannot be written.
 */
export async function act(hands: Hands, acting: Acting): Promise<readonly ToolAnswer[]> {
  const places = new Places(AT_ONCE);
  const { rest } = hands.work;
  const all = acting.calls.map((placed) => rest.working(() => new Call(hands, places, acting, placed).carryOut()));
  // None goes on by itself when another failed: nothing may follow the run's end.
  const settled = await Promise.allSettled(all);
  for (const each of settled) if (each.status === 'rejected') throw each.reason;
  return Promise.all(all);
}

class Call {
  readonly #work: Work;
  readonly #agent: Agent;
  readonly #toolbox: Toolbox;
  readonly #places: Places;
  readonly #placed: PlacedCall;
  readonly #step: number;
  readonly #attempt: number;
  readonly #signal: AbortSignal;
  readonly #restarts = new Restarts();
  /** Approvals that its tries have used up. */
  #approved: number;
  #isApproved = false;
  #losses = 0;
  #begunAt = 0;

  constructor({ work, agent, toolbox }: Hands, places: Places, { step, attempt }: Acting, placed: PlacedCall) {
    this.#work = work;
    this.#agent = agent;
    this.#toolbox = toolbox;
    this.#places = places;
    this.#placed = placed;
    this.#step = step;
    this.#attempt = attempt;
    this.#signal = work.brake.signal;
    this.#approved = placed.past.approved ?? 0;
  }

  async carryOut(): Promise<ToolAnswer> {
    const { call, past } = this.#placed;
    if (past.content !== undefined) return { id: call.id, content: past.content };
    this.#begunAt = this.#work.deps.clock.now();
    const tool = this.#toolbox.find(call.name);
    try {
      if (!tool) throw unknown(call.name, this.#toolbox);
      if (tool.permission === 'deny') throw new OpenClawError('DENIED', `The agent may not call ${tool.card.name}.`);
      return this.#result(tool.card.name, await this.#allowed(tool));
    } catch (error) {
      this.#work.brake.goOn();
      if (!(error instanceof OpenClawError) || isFatal(error)) throw error;
      return this.#result(tool?.card.name ?? call.name, error);
    }
  }

  /** Once whoever has to has allowed it. */
  async #allowed(tool: Tool): Promise<string> {
    const { key } = this.#placed.past;
    if (key !== undefined) await this.#interrupted(tool, interruption(), this.#placed.past.tries);
    else if (tool.permission === 'ask') await this.#approve(tool);
    for (;;) {
      try {
        return await this.#places.with(() => this.#try(tool, key ?? this.#key()));
      } catch (error) {
        this.#work.brake.goOn();
        if (!(error instanceof OpenClawError && isThreadLost(error))) throw error;
        await this.#lost(tool, error);
      }
    }
  }

  async #try(tool: Tool, key: string): Promise<string> {
    const { writer, lease, deps } = this.#work;
    const { call } = this.#placed;
    this.#work.brake.goOn();
    writer.record('tool.started', this.#step, this.#attempt, { id: call.id, name: tool.card.name, key }, 'disk');
    if (this.#isApproved) {
      this.#isApproved = false;
      this.#approved++;
    }
    await lease.settled();
    this.#begunAt = deps.clock.now();
    const { waits } = this.#work;
    const wait = waits.begin('tool', tool.card.name);
    try {
      return await callTool(this.#work, tool, { agent: this.#agent, call, key, signal: this.#signal });
    } finally {
      waits.end(wait);
    }
  }

  async #lost(tool: Tool, error: OpenClawError): Promise<void> {
    const { deps, writer } = this.#work;
    if (!this.#restarts.isLeft(error, deps.clock.now())) throw error;
    if (tool.card.onInterrupted === 'fail') throw error.code === 'THREAD_LOST' ? interruption() : error;
    writer.record(
      'thread.lost',
      this.#step,
      this.#attempt,
      { error: scrubbed(error, deps.scrub).toBody(), restarts: ++this.#losses },
      'process',
    );
    await this.#interrupted(tool, error);
  }

  /** The call may have had its effect. Resolves when it is to be made again all the same: not for ever, since it may be what kills its processes. */
  async #interrupted(tool: Tool, error: OpenClawError, tries = 1): Promise<void> {
    if (tool.card.onInterrupted === 'fail' || tries >= this.#work.deps.limits.noProgressAttempts) throw error;
    if (tool.card.onInterrupted === 'ask') await this.#approve(tool);
  }

  async #approve({ card: { name } }: Tool): Promise<void> {
    const { approvals } = this.#work;
    const { call, place } = this.#placed;
    const id = approvalId(this.#step, place, this.#approved);
    const plea = { id, about: 'tool', name, text: call.arguments, timeoutMs: APPROVAL_MS, step: this.#step } as const;
    const { answer, text } = await approvals.ask(plea, this.#signal);
    if (answer === 'expired') throw new OpenClawError('EXPIRED', 'Nobody allowed this call in time. Go on without it.');
    if (answer === 'deny')
      throw new OpenClawError('DENIED', `A person refused this call${text === undefined ? '. Go on without it.' : `: ${text}`}`);
    this.#isApproved = true;
  }

  #result(name: string, outcome: string | OpenClawError): ToolAnswer {
    const { deps, writer } = this.#work;
    const { id } = this.#placed.call;
    const ms = Math.max(Math.round(deps.clock.now() - this.#begunAt), 0);
    if (typeof outcome === 'string') {
      const content = deps.scrub(outcome);
      writer.record('tool.result', this.#step, this.#attempt, { id, name, ms, content }, 'disk');
      return { id, content };
    }
    const error = scrubbed(outcome, deps.scrub).toBody();
    const content = `Error ${error.code}: ${error.message}`;
    writer.record('tool.result', this.#step, this.#attempt, { id, name, ms, content, error }, 'disk');
    return { id, content };
  }

  /** The same after a crash. */
  #key(): string {
    const { lease } = this.#work;
    return encodeId(hash('sha256', `call\n${lease.key}\n${this.#step}\n${this.#placed.place}`, 'buffer'));
  }
}

function interruption(): OpenClawError {
  return new OpenClawError(
    'TOOL_INTERRUPTED',
    'The process that called the tool died before it heard the result: whether the tool did its work is not known. Look before you call it again.',
  );
}

function unknown(name: string, { specs }: Toolbox): OpenClawError {
  return new OpenClawError('NOT_FOUND', `There is no tool ${name}. Known: ${specs.map((spec) => spec.name).join(', ') || 'none'}.`);
}

/** It concerns the run, not the tool: no tool says this. */
function isFatal({ code }: OpenClawError): boolean {
  return code === 'FENCED' || code === 'STORE_FAILED';
}
