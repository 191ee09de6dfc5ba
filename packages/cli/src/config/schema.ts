import { z } from 'zod';
import { authSchema, doorFields } from './auth-schema.ts';
import { budget, budgets } from './budget-schema.ts';
import { argv, bytes, choice, count, duration, durationOrNever, flag, name, period, price, ratio, secret, text, url } from './field.ts';
import { limitsSchema } from './limits.ts';
import { agentReasoning, houseReasoning } from './reasoning-schema.ts';
import { mcpServerSchema, patterns, toolsSchema } from './tools-schema.ts';

const MILLION = 1_000_000;
const prefix = choice('none', 'continue_final_message', 'deepseek', 'assistant').exactOptional();
const plainPrefix = choice('none', 'assistant').exactOptional();
const reasoning = choice(
  ...(['openai', 'adaptive', 'budget', 'gemini', 'gemini-budget', 'xai', 'deepseek', 'qwen'] as const),
  ...(['vllm', 'sglang', 'llama.cpp', 'ollama', 'openrouter', 'ai-sdk', 'prompt', 'none'] as const),
).exactOptional();
const settings = z.record(z.string(), z.unknown());

const limits = z
  .strictObject({
    concurrency: count(1, MILLION).exactOptional(),
    requestsPerMinute: count(1, MILLION).exactOptional(),
    tokensPerMinute: count(1, 1_000 * MILLION).exactOptional(),
    queue: count(0, MILLION).exactOptional(),
  })
  .exactOptional();

/** What may be said of every provider that is somewhere. */
const reached = {
  apiKey: secret.exactOptional(),
  headers: z.record(z.string(), text).exactOptional(),
  timeouts: z
    .strictObject({ totalMs: duration.exactOptional(), firstChunkMs: duration.exactOptional(), betweenChunksMs: duration.exactOptional() })
    .exactOptional(),
  retries: z
    .strictObject({ max: count(0, 100).exactOptional(), baseMs: duration.exactOptional(), capMs: duration.exactOptional() })
    .exactOptional(),
  circuit: z.strictObject({ failures: count(1, MILLION).exactOptional(), openMs: duration.exactOptional() }).exactOptional(),
  connections: count(1, 65_536).exactOptional(),
  reasoning,
  limits,
};

const baseUrl = url('http', 'https');

const openAi = z.strictObject({
  kind: z.literal('openai'),
  baseUrl,
  ...reached,
  prefix,
  api: choice('chat', 'responses').exactOptional(),
  background: flag.exactOptional(),
});

const anthropic = z.strictObject({
  kind: z.literal('anthropic'),
  baseUrl: baseUrl.exactOptional(),
  ...reached,
  prefix: plainPrefix,
  maxTokens: count(1, 10 * MILLION).exactOptional(),
});

const sdk = { ...reached, prefix: plainPrefix, providerOptions: z.record(z.string(), settings).exactOptional() };
const gemini = z.strictObject({ kind: z.literal('gemini'), baseUrl: baseUrl.exactOptional(), ...sdk });
const ollama = z.strictObject({ kind: z.literal('ollama'), baseUrl: baseUrl.exactOptional(), ...sdk });

const aiSdk = z.strictObject({
  kind: z.literal('ai-sdk'),
  package: name,
  export: name.exactOptional(),
  options: settings.exactOptional(),
  secrets: z.record(z.string(), secret).exactOptional(),
  ...sdk,
});

const simulated = z.strictObject({ kind: z.literal('simulated'), limits });

const retention = {
  compactAfter: duration.exactOptional(),
  deleteAfter: durationOrNever.exactOptional(),
  maxBytes: bytes.exactOptional(),
};

const KINDS = [openAi, anthropic, gemini, ollama, aiSdk, simulated] as const;

/** The file as people write it: everything may be left out. Its keys are what "did you mean" chooses from. */
export const fileSchema = z.strictObject({
  server: z
    .strictObject({
      host: text.exactOptional(),
      port: count(0, 65_535).exactOptional(),
      token: secret.exactOptional(),
      ...doorFields,
      metricsPort: count(0, 65_535).exactOptional(),
    })
    .exactOptional(),
  auth: authSchema.exactOptional(),
  data: text.exactOptional(),
  durability: z.strictObject({ text: choice('process', 'disk').exactOptional() }).exactOptional(),
  providers: z.record(z.string(), z.discriminatedUnion('kind', KINDS)).exactOptional(),
  models: z
    .record(
      z.string(),
      z.strictObject({
        provider: name,
        name: name.exactOptional(),
        prefix,
        reasoning,
        limits,
        fallback: z.array(name).exactOptional(),
        price: z
          .strictObject({ input: price, output: price, cachedInput: price.exactOptional(), thinking: price.exactOptional() })
          .exactOptional(),
      }),
    )
    .exactOptional(),
  defaultModel: name.exactOptional(),
  agents: z
    .record(
      z.string(),
      z.strictObject({
        instructions: text.exactOptional(),
        model: name.exactOptional(),
        description: text.exactOptional(),
        module: text.exactOptional(),
        uses: patterns,
        permissions: z.strictObject({ allow: patterns, ask: patterns, deny: patterns }).exactOptional(),
        secrets: z.record(z.string(), secret).exactOptional(),
        dedicated: flag.exactOptional(),
        snapshotInterval: duration.exactOptional(),
        reasoning: agentReasoning.exactOptional(),
        budget: budget.exactOptional(),
      }),
    )
    .exactOptional(),
  reasoning: houseReasoning.exactOptional(),
  budgets: budgets.exactOptional(),
  tools: toolsSchema.exactOptional(),
  mcp: z.record(z.string(), mcpServerSchema).exactOptional(),
  threads: z
    .strictObject({
      max: count(1, 10_000).exactOptional(),
      perThread: count(1, 100_000).exactOptional(),
      heapMiB: count(16, 65_536).exactOptional(),
      hosts: count(0, 1_000).exactOptional(),
      hostMemoryMiB: count(128, 16_777_216).exactOptional(),
      hostSandbox: flag.exactOptional(),
    })
    .exactOptional(),
  secrets: z
    .strictObject({
      refresh: period.exactOptional(),
      vault: z
        .strictObject({
          address: baseUrl.exactOptional(),
          token: secret.exactOptional(),
          mount: name.exactOptional(),
          namespace: name.exactOptional(),
        })
        .exactOptional(),
      exec: z.record(z.string(), argv).exactOptional(),
    })
    .exactOptional(),
  tracing: z
    .strictObject({
      endpoint: url('http', 'https').exactOptional(),
      headers: z.record(z.string(), secret).exactOptional(),
      sample: ratio.exactOptional(),
      content: flag.exactOptional(),
      propagate: z.array(choice('providers', 'mcp', 'http')).exactOptional(),
    })
    .exactOptional(),
  limits: limitsSchema.exactOptional(),
  retention: z.strictObject({ ...retention, tenants: z.record(z.string(), z.strictObject(retention)).exactOptional() }).exactOptional(),
  tiers: z
    .strictObject({
      enabled: flag.exactOptional(),
      window: duration.exactOptional(),
      hold: duration.exactOptional(),
      least: count(1, MILLION).exactOptional(),
      errorRate: ratio.exactOptional(),
      slow: duration.exactOptional(),
      restarts: count(1, MILLION).exactOptional(),
      recoveries: count(1, MILLION).exactOptional(),
      model: name.exactOptional(),
    })
    .exactOptional(),
  clusters: z.record(z.string(), z.array(url('ws', 'wss', 'http', 'https'))).exactOptional(),
  cluster: z
    .strictObject({
      maxThreads: count(1, 10_000).exactOptional(),
      adaptiveReasoning: flag.exactOptional(),
      streaming: flag.exactOptional(),
      tokenInterval: duration.exactOptional(),
      snapshotInterval: duration.exactOptional(),
    })
    .exactOptional(),
  monitoring: z
    .strictObject({
      metricsPath: text.exactOptional(),
      prometheusEnabled: flag.exactOptional(),
      port: count(0, 65_535).exactOptional(),
      window: period.exactOptional(),
      for: duration.exactOptional(),
      objective: ratio.exactOptional(),
      webhook: secret.exactOptional(),
      alertThresholds: z
        .strictObject({
          latencyP99: duration.exactOptional(),
          errorRate: ratio.exactOptional(),
          threadPoolUtilization: ratio.exactOptional(),
        })
        .exactOptional(),
    })
    .exactOptional(),
});

export type FileConfig = z.output<typeof fileSchema>;
