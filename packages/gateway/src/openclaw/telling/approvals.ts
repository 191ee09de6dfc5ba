import type { Approval, RunRecord } from '@openclaw-runtime/protocol';
import type { AboutRun, Told } from './told.ts';

/** A question whether a tool may be called, as clients of this protocol show it. */
export interface ShownApproval {
  /** The run, a dot, and the approval's own name. */
  readonly id: string;
  readonly request: {
    readonly title: string;
    readonly description: string;
    readonly toolName: string;
    readonly severity: 'warning';
    readonly allowedDecisions: readonly ['allow-once', 'deny'];
    readonly agentId: string;
    readonly sessionKey: string;
  };
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

/** Characters of arguments that a question shows. */
const MOST_CHARS = 512;

/** What a person is asked in a run whether it may be done, and has not answered yet. */
export class OpenApprovals {
  readonly #run: string;
  readonly #about: AboutRun;
  readonly #open = new Map<string, ShownApproval>();
  readonly #told = new Set<string>();
  #answers: Told[] = [];

  constructor(run: string, about: AboutRun) {
    this.#run = run;
    this.#about = about;
  }

  get list(): readonly ShownApproval[] {
    return [...this.#open.values()];
  }

  take(record: RunRecord, at: number): void {
    if (record.kind === 'approval.asked' && record.data.about === 'tool') this.#open.set(record.data.id, this.#shown(record.data, at));
    else if (record.kind === 'approval.given' && this.#open.delete(record.data.id)) {
      const { id, answer } = record.data;
      const decision = answer === 'allow' ? 'allow-once' : 'deny';
      if (this.#told.delete(id)) this.#answers.push({ event: 'plugin.approval.resolved', payload: { id: this.#idOf(id), decision } });
    } else if (record.kind === 'run.finished') {
      for (const id of this.#told)
        this.#answers.push({ event: 'plugin.approval.resolved', payload: { id: this.#idOf(id), decision: 'deny' } });
      this.#open.clear();
    }
  }

  /** What was not told yet. Also whoever joins later is asked. */
  tell(): readonly Told[] {
    const news: Told[] = this.#answers;
    this.#answers = [];
    for (const [id, shown] of this.#open) {
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      news.push({ event: 'plugin.approval.requested', payload: shown });
    }
    return news;
  }

  #shown({ id, name, text, expiresAt }: Approval, at: number): ShownApproval {
    const { agentId, sessionKey } = this.#about;
    const request = {
      title: `${name} wants to run`,
      description: text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS - 1)}…` : text,
      toolName: name,
      severity: 'warning',
      allowedDecisions: ['allow-once', 'deny'],
      agentId,
      sessionKey,
    } as const;
    return { id: this.#idOf(id), request, createdAtMs: at, expiresAtMs: expiresAt };
  }

  #idOf(approval: string): string {
    return `${this.#run}.${approval}`;
  }
}
