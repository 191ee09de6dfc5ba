import { AsyncLocalStorage } from 'node:async_hooks';
import { SlotMap } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { type AgentDefinition, cardOf } from '../define-agent.ts';
import type { Down, Job, Up } from '../port.ts';
import { LOADING } from '../thread-data.ts';
import { Call } from './call.ts';
import { failureOf, wordsOf } from './failure.ts';
import { createModules } from './modules.ts';
import { runOperation, type TurnPorts } from './operation-call.ts';
import { createOutbox } from './outbox.ts';
import { createPrinting } from './printing.ts';
import type { Scope } from './scope.ts';
import { callTool } from './tool-call.ts';

/** The world of a thread. */
export interface ThreadPorts extends Pick<TurnPorts, 'clock' | 'defer'> {
  post(ups: readonly Up[]): void;
  importModule(url: string): Promise<unknown>;
  readonly scope: Scope;
}

/** A thread's half of the port: loads agents, runs their jobs side by side, and says whose fault it is when it has to end. */
export interface ThreadSide {
  take(downs: readonly Down[]): void;
  /** What agents' code printed. */
  print(text: string): void;
  /** What nothing caught. True: the thread cannot be trusted any more and has to end; who did it has been told. */
  crashed(thing: unknown, how: 'exception' | 'rejection'): boolean;
  /** Agents' code wants to end the process. */
  exiting(code: unknown): void;
}

export function createThreadSide({ post, defer, importModule, clock, scope }: ThreadPorts): ThreadSide {
  const outbox = createOutbox(post, defer);
  const ports: TurnPorts = { clock, defer, inside: new AsyncLocalStorage() };
  const modules = createModules((url) => scope.run({ id: LOADING }, () => importModule(url)));
  const calls = new SlotMap<number, Call>();
  const unowned = createPrinting(clock, (text, dropped) => outbox.push({ t: 'said', id: 0, text, dropped }));

  const load = async (agent: string, module: string): Promise<void> => {
    try {
      outbox.push({ t: 'loaded', agent, card: cardOf(await modules.load(agent, module)) });
    } catch (thing) {
      outbox.push({ t: 'unloadable', agent, error: OpenClawError.from(thing, 'BAD_CONFIG').toBody() });
    }
  };

  const start = async (call: Call, agent: string, job: Job): Promise<void> => {
    try {
      const found = modules.find(agent);
      const definition = found instanceof Promise ? await found : found;
      if (call.stop !== undefined) throw call.stop;
      call.done(await perform(definition, job, call, ports));
    } catch (thing) {
      call.fail(thing instanceof OpenClawError ? thing : failureOf('AGENT_FAILED', `Agent ${agent} failed`, thing));
    }
    calls.delete(call.id);
  };

  const blame = (what: string): void => {
    const owner = scope.current();
    scope.blame(owner?.id ?? 0);
    owner?.call?.fail(new OpenClawError('AGENT_CRASHED', what));
    outbox.flush();
  };

  return {
    take(downs) {
      const started: (() => void)[] = [];
      for (const down of downs) {
        switch (down.t) {
          case 'load':
            void load(down.agent, down.module);
            break;
          case 'call': {
            const call = new Call(down.id, outbox, clock);
            calls.set(down.id, call);
            started.push(() => void scope.run({ id: call.id, call }, () => start(call, down.agent, down.job)));
            break;
          }
          case 'answer':
            calls.get(down.id)?.answer(down.n, down.plain ?? down.value, down.error);
            break;
          case 'abort':
            calls.get(down.id)?.abort(OpenClawError.fromBody(down.reason));
        }
      }
      // Behind all else that was told: what is aborted before it begins does not begin.
      for (const start of started) start();
    },
    print: (text) => (scope.current()?.call ?? unowned).print(text),
    crashed(thing, how) {
      const call = scope.current()?.call;
      const words = wordsOf(thing);
      if (how === 'rejection' && call !== undefined && (call.ended || call.owns(thing))) {
        call.print(`A promise that nobody awaited was rejected: ${words}\n`);
        return false;
      }
      (call ?? unowned).print(`${thing instanceof Error ? String(thing.stack) : words}\n`);
      blame(
        how === 'rejection'
          ? `The agent's code left a rejected promise unhandled: ${words}. Await every promise it makes.`
          : `The agent's code threw where nothing could catch it: ${words}. Catch errors inside callbacks.`,
      );
      return true;
    },
    exiting: (code) =>
      blame(`The agent's code called process.exit(${code === undefined ? '' : wordsOf(code)}). Return, or throw an error.`),
  };
}

function perform(definition: AgentDefinition, job: Job, call: Call, ports: TurnPorts): Promise<string | undefined> {
  return job.kind === 'tool' ? callTool(definition, job, call) : runOperation(definition, job, call, ports);
}
