import type { Client, JsonSchemaValidator } from '@modelcontextprotocol/client';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { within } from '../tool/within.ts';
import type { ListedTool } from './listed-tool.ts';
import type { McpServerOptions } from './options.ts';
import type { McpPorts } from './ports.ts';
import { loadSdk, type Sdk } from './sdk.ts';
import type { CallResult } from './told.ts';
import { openWire } from './wire.ts';

/** A server that answers. */
export interface Link {
  readonly tools: readonly ListedTool[];
  /** Rejects as the SDK does; see {@link failureOf}. */
  call(tool: string, args: Readonly<Record<string, unknown>>, key: string, timeoutMs: number, signal: AbortSignal): Promise<CallResult>;
  /** When it is gone: how, in words for whoever runs the server. */
  readonly closed: Promise<string>;
  close(): Promise<void>;
  failureOf(error: unknown): Failure;
}

/** What a failed call says of the server: it `answered`, is `forgetful` (it knows the session no more, and did nothing), or is `lost`. */
export interface Failure {
  readonly server: 'answered' | 'forgetful' | 'lost';
  readonly message: string;
}

const MAX_PAGES = 16;
const MAX_TOOLS = 512;

/** Connects and lists the tools. Rejects with an error whose message is for whoever runs the server. */
export async function openLink(options: McpServerOptions, ports: McpPorts, startTimeoutMs: number, signal: AbortSignal): Promise<Link> {
  return within(ports.clock, 'connecting', startTimeoutMs, signal, async (inner) => {
    const link = await connectEitherWay(await loadSdk(), options, ports, inner);
    if (inner.aborted) await link.close();
    return link;
  });
}

async function connectEitherWay(sdk: Sdk, options: McpServerOptions, ports: McpPorts, signal: AbortSignal): Promise<Link> {
  try {
    return await connect(sdk, options, ports, 'legacy', signal);
  } catch (error) {
    // One that speaks the newest revision only says no to the older way of beginning.
    if (!(error instanceof sdk.ProtocolError || (error instanceof sdk.SdkHttpError && error.status === 400))) throw error;
    return connect(sdk, options, ports, 'auto', signal);
  }
}

async function connect(sdk: Sdk, options: McpServerOptions, ports: McpPorts, mode: 'legacy' | 'auto', signal: AbortSignal): Promise<Link> {
  const { transport, how, leave } = await openWire(sdk, options, ports);
  const client = new sdk.Client(ports.identity, {
    // Nothing a server could ask of us: no sampling, no questions to people, no folders.
    capabilities: {},
    versionNegotiation: { mode },
    listMaxPages: MAX_PAGES,
    // Results go to a model as text. A server's schemas are not made into code here.
    jsonSchemaValidator: {
      getValidator:
        <T>(): JsonSchemaValidator<T> =>
        (input) => ({ valid: true, data: input as T, errorMessage: undefined }),
    },
  });
  const gone = Promise.withResolvers<void>();
  client.onclose = () => gone.resolve();
  const stop = (): void => void client.close().catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect(transport, { signal });
    const { tools } = await client.listTools(undefined, { signal });
    if (tools.length > MAX_TOOLS) throw new OpenClawError('TOOL_FAILED', `it lists ${tools.length} tools, more than ${MAX_TOOLS}`);
    const close = async (): Promise<void> => {
      await leave();
      await client.close();
    };
    return createLink(sdk, client, tools, gone.promise.then(how), () => close().catch(() => {}));
  } catch (error) {
    await transport.close();
    if (options.kind === 'stdio' && !(error instanceof sdk.ProtocolError))
      throw new Error(`${(error as Error).message} (${await how()})`, { cause: error });
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function createLink(sdk: Sdk, client: Client, tools: readonly ListedTool[], closed: Promise<string>, close: () => Promise<void>): Link {
  return {
    tools,
    closed,
    close,
    async call(name, args, key, timeoutMs, signal) {
      // The caller's clock decides; the SDK's own timer comes after it.
      return client.callTool(
        { name, arguments: { ...args }, _meta: { 'openclaw-runtime/idempotency-key': key } },
        { signal, timeout: timeoutMs + 5_000 },
      );
    },
    failureOf(error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof sdk.ProtocolError) return { server: 'answered', message };
      if (error instanceof sdk.SdkHttpError && (error.status === 404 || error.status === 400)) return { server: 'forgetful', message };
      return { server: 'lost', message };
    },
  };
}
