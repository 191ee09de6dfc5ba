import type { Client, ElicitRequest, JsonSchemaValidator, ListToolsResult, Request, RequestOptions } from '@modelcontextprotocol/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { within } from '../tool/within.ts';
import { type Reply, replyWithDefaults } from './elicitation.ts';
import { createListCheck } from './list-limits.ts';
import type { ListedTool } from './listed-tool.ts';
import type { McpServerOptions } from './options.ts';
import type { Person } from './person.ts';
import { plainText } from './plain-text.ts';
import type { McpPorts } from './ports.ts';
import { loadSdk, type Sdk } from './sdk.ts';
import type { CallResult } from './told.ts';
import { openWire } from './wire.ts';

/** A server that answers. */
export interface Link {
  readonly tools: readonly ListedTool[];
  /** Rejects as the SDK does; see {@link failureOf}. */
  call(
    tool: string,
    args: Readonly<Record<string, unknown>>,
    key: string,
    timeoutMs: number,
    signal: AbortSignal,
    trace?: Readonly<Record<string, string>>,
  ): Promise<CallResult>;
  /** When it is gone: how, in words for whoever runs the server. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
  failureOf(error: unknown): Failure;
  /** A text of the server's without the tokens that it was sent. */
  hide(text: string): string;
}

/** What a failed call says of the server: it `answered`, is `forgetful` (it knows the session no more, and did nothing), is `locked` (somebody has to log in), or is `lost`. */
export interface Failure {
  readonly server: 'answered' | 'forgetful' | 'locked' | 'lost';
  readonly message: string;
}

/** A server, and the name it is known by here. */
export interface McpPlace {
  readonly name: string;
  readonly options: McpServerOptions;
}

const MAX_PAGES = 16;
/** Characters of what a server says of a failure. */
const MAX_MESSAGE = 2_000;
const MAX_QUESTION = 200;

/** Connects and lists the tools. Rejects with an error whose message is for whoever runs the server. */
export async function openLink(place: McpPlace, ports: McpPorts, startTimeoutMs: number, signal: AbortSignal): Promise<Link> {
  return within(ports.clock, 'connecting', startTimeoutMs, signal, async (inner) => {
    const link = await connectEitherWay(await loadSdk(), place, ports, inner);
    if (inner.aborted) await link.close();
    return link;
  });
}

async function connectEitherWay(sdk: Sdk, place: McpPlace, ports: McpPorts, signal: AbortSignal): Promise<Link> {
  try {
    return await connect(sdk, place, ports, 'legacy', signal);
  } catch (error) {
    // One that speaks the newest revision only says no to the older way of beginning.
    if (!(error instanceof sdk.ProtocolError || (error instanceof sdk.SdkHttpError && error.status === 400))) throw error;
    return connect(sdk, place, ports, 'auto', signal);
  }
}

async function connect(
  sdk: Sdk,
  { name, options }: McpPlace,
  ports: McpPorts,
  mode: 'legacy' | 'auto',
  signal: AbortSignal,
): Promise<Link> {
  const { elicitation = 'none' } = options;
  const life = new AbortController();
  const { transport, how, leave, hide, person } = await openWire(sdk, name, options, ports, life.signal);
  const client = new sdk.Client(ports.identity, {
    // Nothing else that a server could ask of us: no sampling, no folders.
    capabilities: elicitation === 'none' ? {} : { elicitation: { form: { applyDefaults: true } } },
    versionNegotiation: { mode },
    listMaxPages: MAX_PAGES,
    // Results go to a model as text. A server's schemas are not made into code here.
    jsonSchemaValidator: {
      getValidator:
        <T>(): JsonSchemaValidator<T> =>
        (input) => ({ valid: true, data: input as T, errorMessage: undefined }),
    },
  });
  if (elicitation === 'defaults') client.setRequestHandler('elicitation/create', replierOf(name, ports));
  const widened = wideningBy(sdk, person);
  const gone = Promise.withResolvers<void>();
  client.onclose = () => gone.resolve();
  const stop = (): void => {
    life.abort(signal.reason);
    void client.close().catch(() => {});
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    await widened(() => client.connect(transport, { signal }));
    const { tools } = await widened(() => listTools(client, signal));
    const close = async (): Promise<void> => {
      life.abort(new Error('the connection is closed'));
      await leave();
      await client.close();
    };
    return createLink(sdk, { client, tools, widened, hide, closed: gone.promise.then(how), close: () => close().catch(() => {}) });
  } catch (error) {
    life.abort(error);
    await transport.close();
    if (error instanceof Error) error.message = hide(error.message);
    if (options.kind === 'stdio' && !(error instanceof sdk.ProtocolError))
      throw new Error(`${(error as Error).message} (${await how()})`, { cause: error });
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Judges each page as it comes: what is too much is not asked for any further. */
async function listTools(client: Client, signal: AbortSignal): ReturnType<Client['listTools']> {
  const check = createListCheck();
  const request = client.request.bind(client) as (asked: Request, options?: RequestOptions) => Promise<unknown>;
  // Whoever walks the pages asks for each by this.
  client.request = (async (asked: Request, options?: RequestOptions) => {
    const answer = await request(asked, options);
    if (asked.method === 'tools/list') check((answer as ListToolsResult).tools);
    return answer;
  }) as Client['request'];
  try {
    return await client.listTools(undefined, { signal });
  } finally {
    client.request = request as Client['request'];
  }
}

/** Says once that something was declined, and what. */
function replierOf(name: string, { note }: McpPorts): (request: ElicitRequest) => Reply {
  let told = false;
  return ({ params }) => {
    const reply = replyWithDefaults(params);
    if (reply.action === 'decline' && !told) {
      told = true;
      note(`The MCP server ${name} asked something that has no defaults, and was declined: ${plainText(params.message, MAX_QUESTION)}`);
    }
    return reply;
  };
}

type Widened = <T>(act: () => Promise<T>) => Promise<T>;

/** Does something, and where a right is lacking asks for it, once. */
function wideningBy(sdk: Sdk, person: Person | undefined): Widened {
  return async (act) => {
    try {
      return await act();
    } catch (error) {
      if (!(person && error instanceof sdk.InsufficientScopeError)) throw error;
      await person.widen(error);
      return act();
    }
  };
}

interface Connected extends Pick<Link, 'tools' | 'closed' | 'close' | 'hide'> {
  readonly client: Client;
  readonly widened: Widened;
}

function createLink(sdk: Sdk, { client, tools, widened, hide, closed, close }: Connected): Link {
  return {
    tools,
    closed,
    close,
    hide,
    async call(name, args, key, timeoutMs, signal, trace) {
      const params = { name, arguments: { ...args }, _meta: { 'openclaw-runtime/idempotency-key': key, ...trace } };
      // The caller's clock decides; the SDK's own timer comes after it.
      return widened(() => client.callTool(params, { signal, timeout: timeoutMs + 5_000 }));
    },
    failureOf(error) {
      const message = plainText(hide(error instanceof Error ? error.message : String(error)), MAX_MESSAGE);
      if (error instanceof OpenClawError && error.code === 'UNAUTHENTICATED') return { server: 'locked', message };
      if (error instanceof sdk.ProtocolError || error instanceof sdk.InsufficientScopeError) return { server: 'answered', message };
      if (error instanceof sdk.SdkHttpError && (error.status === 404 || error.status === 400)) return { server: 'forgetful', message };
      return { server: 'lost', message };
    },
  };
}
