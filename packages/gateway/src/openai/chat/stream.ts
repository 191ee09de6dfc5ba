import type { ServerResponse } from 'node:http';
import { NO_USAGE, OpenClawError } from '@openclaw-runtime/protocol';
import type { CreatedRun } from '../../admission/create-run.ts';
import type { GatewayContext } from '../../admission/options.ts';
import { failureOf, shownOf } from '../house/house.ts';
import type { ChatRequest } from '../input/chat-request.ts';
import { NO_CUTS, readCuts } from '../reading/cuts.ts';
import { type Created, createdOf, followRun } from '../reading/follow.ts';
import { createOutlet, type Outlet } from '../reading/outlet.ts';
import { completionId } from '../words/ids.ts';
import { respondProblem } from '../words/problem.ts';
import { sumOf, type Used } from '../words/usage.ts';
import { encodeReached, type Reached } from './cursors.ts';
import { ChatTeller, type Told } from './teller.ts';
import { chunkEvent, DONE, type Envelope, envelopeOf, problemEvent, superseded, usageEvent } from './words.ts';

/** Streams the answers of these runs, one of them for each choice; `from` is what the client was told before. Answers whether they were told to their ends. */
export async function streamChat(
  context: GatewayContext,
  response: ServerResponse,
  request: ChatRequest,
  runs: readonly CreatedRun[],
  from: readonly Reached[],
): Promise<boolean> {
  const [{ run }] = runs as [CreatedRun];
  const outlet = createOutlet(context, response, { 'x-request-id': run });
  const stream = new ChatStream(context, outlet, request, completionId(run), from);
  try {
    const used = await Promise.all(runs.map((each, index) => stream.tell(each, index)));
    if (outlet.gone.aborted) return false;
    stream.end(sumOf(used));
    outlet.end();
    return true;
  } catch (thrown) {
    const error = shownOf(context, thrown);
    stream.stop();
    if (outlet.gone.aborted) return false;
    if (!outlet.isOpen) respondProblem(response, error);
    else {
      outlet.write(problemEvent(error), true);
      outlet.end();
    }
    return false;
  }
}

class ChatStream {
  readonly #context: GatewayContext;
  readonly #outlet: Outlet;
  readonly #request: ChatRequest;
  readonly #id: string;
  readonly #reached: Reached[];
  /** Of the client's going, or of one choice's failure. */
  readonly #over = new AbortController();
  #envelope: Envelope | undefined;

  constructor(context: GatewayContext, outlet: Outlet, request: ChatRequest, id: string, from: readonly Reached[]) {
    this.#context = context;
    this.#outlet = outlet;
    this.#request = request;
    this.#id = id;
    this.#reached = [...from];
    outlet.gone.addEventListener('abort', () => this.stop(), { once: true });
    if (outlet.gone.aborted) this.stop();
  }

  /** Nothing more is told. */
  stop(): void {
    this.#over.abort();
  }

  /** Tells one run to its end; answers what it used. Rejects with why it has no answer. */
  async tell({ run, key, head }: CreatedRun, index: number): Promise<Used> {
    const { epoch, seq } = this.#reached[index] as Reached;
    if (seq > 0 && (epoch !== head.epoch || seq > head.seq))
      throw new OpenClawError('BAD_REQUEST', 'Last-Event-ID: the log is not the one of which that was told. Ask again from the start.');
    this.#reached[index] = { epoch: head.epoch, seq };
    const cuts = head.seq > 1 ? await readCuts(this.#context, key, seq) : NO_CUTS;
    let teller: ChatTeller | undefined;
    for await (const piece of followRun(this.#context, key, this.#over.signal)) {
      if (piece.kind === 'silence') {
        this.#outlet.beat();
        continue;
      }
      teller ??= this.#teller(createdOf(piece));
      if (piece.kind === 'fold') {
        if (seq > 0 && piece.seq > seq) throw expired();
        const told = teller.takeFold(piece.fold);
        if (seq === 0) this.#write(index, run, piece.seq, told);
      } else {
        for (const record of piece.records) {
          if (record.seq === seq + 1) teller.cuts = cuts;
          const told = teller.take(record);
          if (told && record.seq > seq) this.#write(index, run, record.seq, told);
          if (this.#over.signal.aborted) break;
        }
      }
      failureOf(teller.outcome ?? teller.paused);
      await this.#outlet.drained();
    }
    return { usage: teller?.outcome?.usage ?? NO_USAGE, usd: teller?.bill.usd };
  }

  end(used: Used): void {
    if (this.#request.usage && this.#envelope) this.#outlet.write(usageEvent(this.#envelope, used), true);
    this.#outlet.write(DONE, true);
  }

  #teller(created: Created): ChatTeller {
    this.#envelope ??= envelopeOf(this.#id, created, this.#request.model, this.#request.usage);
    return new ChatTeller(created, this.#request.supersede, this.#context.priceOf);
  }

  #write(index: number, run: string, seq: number, told: Told): void {
    if (told.isBroken) throw superseded(run);
    if (!this.#envelope || (told.delta === undefined && told.rewind === undefined)) return;
    this.#reached[index] = { epoch: this.#reached[index]?.epoch ?? 0, seq };
    const isNews = seq > 1;
    this.#outlet.write(chunkEvent(this.#envelope, index, told, encodeReached(this.#reached)), isNews);
  }
}

function expired(): OpenClawError {
  return new OpenClawError('EXPIRED', 'The records behind that event are gone. Ask again from the start.');
}
