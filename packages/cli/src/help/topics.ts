import { OpenClawError } from '@openclaw-runtime/protocol';
import type { Command } from 'commander';
import type { World } from '../commands/world.ts';
import { nearest } from '../config/nearest.ts';

/** Prints a topic, or a command's help; without words the program's. Throws `NOT_FOUND` with the nearest word. */
export function printHelp(words: readonly string[], program: Command, { out }: Pick<World, 'out'>): void {
  const [first, ...rest] = words;
  if (first !== undefined && rest.length === 0 && Object.hasOwn(TOPICS, first)) return out.write(TOPICS[first as keyof typeof TOPICS]);
  let command = program;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (!next) throw unknown(word, [...command.commands.map((each) => each.name()), ...(command === program ? Object.keys(TOPICS) : [])]);
    command = next;
  }
  command.outputHelp();
}

function unknown(word: string, known: readonly string[]): OpenClawError {
  const near = nearest(word, known);
  return new OpenClawError('NOT_FOUND', `There is no help on ${word}. ${near ? `Did you mean ${near}?` : `Known: ${known.join(', ')}.`}`);
}

const TOPICS = {
  config: `Configuration

  claw reads one YAML file: --config FILE, else $OPENCLAW_CONFIG, else ./openclaw.yaml. None is needed. A file is checked as a
  whole: unknown keys and impossible values are named with their lines. \${NAME} stands for a variable, \${NAME:-text} with a default;
  secret://env/NAME, secret://file/PATH, secret://vault/PATH#FIELD[#VERSION] and secret://exec/NAME stand for a secret that is
  got when it is needed, and again each minute. No log, record or error says it.

  server        host, port, token, origins, tls: {cert, key} (files), trustedProxies: [ADDRESS]
  auth          anonymous; jwt: {issuer, audience, jwks: ADDRESS or PATH, algorithms, tenantClaim, scopesClaim}: who is let in, besides
                whoever has the token or a key; see claw keys --help
  data          the data folder (default: .openclaw)
  providers     NAME: {kind, baseUrl, apiKey, …}: where models are
  models        NAME: {provider, name, price: {input, output}}: what they are called here, and cost (dollars a million tokens)
  defaultModel  the model of agents and runs that name none
  agents        NAME: {instructions, model, description, uses: [TOOL], permissions: {allow, ask, deny}}; with code also
                {module: PATH, secrets: {NAME: …}, dedicated, snapshotInterval}; TOOL may end with *
  reasoning     level: auto, off or 1 to 4; maxLevel, levelThresholds: {TAG: LEVEL}, exact, predictor, learn: how deep models think
  tools         calc: false; http: {allow, …}, fs: {writable, …}, shell: {programs, …}; ask: [TOOL]: a person is asked first
  mcp           NAME: {command, args, env} or {url, headers, auth: {grant, …}}; its tools are mcp.NAME.TOOL; pin, tools, timeout,
                approve: writes (or always): a person is asked first; elicitation: defaults; see claw mcp --help
  threads       max, perThread, heapMiB, hosts, hostMemoryMiB, hostSandbox: where agents' code runs
  secrets       refresh; vault: {address, token, mount, namespace} (default: $VAULT_ADDR, $VAULT_TOKEN); exec: {NAME: [PROGRAM, …]}
  limits        maxConcurrentRuns, maxConnections, maxWait, memory, attempts, runMs, …; perKey, perTenant, perAddress: {runsPerSecond,
                concurrentRuns, messagesPerSecond, bytesPerSecond, connections}
  tiers         window, hold, least, errorRate, slow, restarts, recoveries, model, enabled: when only what is cheap goes on; see claw tiers
  budgets       run, task, session, agent, tenant, day: each {usd, tokens, ms} that may be taken
  retention     compactAfter, deleteAfter, maxBytes, tenants: what becomes of runs that have ended
  durability    text: process (survives the process) or disk (survives the machine)
  monitoring    port, metricsPath, prometheusEnabled, alertThresholds: {latencyP99, errorRate, threadPoolUtilization}, window, for,
                objective, webhook: metrics for Prometheus, and alerts; see claw alerts --help
  tracing       endpoint, headers, sample, content, propagate: [providers, mcp, http]: traces for OpenTelemetry
  clusters      ENVIRONMENT/CLUSTER: [ws://…, …], for agent:// addresses

  Durations are milliseconds, or text such as 500ms, 1.5s, 10m, 2h. Flags win over variables, variables over the file.

  Example:
    server: {port: 18789, token: "secret://env/OPENCLAW_TOKEN"}
    providers: {local: {kind: openai, baseUrl: "http://127.0.0.1:8000/v1"}}
    models: {llama: {provider: local, name: llama-3-70b}}
    defaultModel: llama
    agents: {default: {instructions: "Be brief."}}

  claw doctor says whether it would work; claw reload has a server that is at work read it again.
`,
  environment: `Environment

  OPENCLAW_CONFIG    configuration file (default: ./openclaw.yaml)
  OPENCLAW_DATA      data folder (default: ./.openclaw)
  OPENCLAW_TOKEN     the token that a server asks for and that clients give
  OPENCLAW_METRICS_PORT  port that Prometheus reads from, 0 for any free one (default: 9090 if it is free)
  OPENCLAW_URL       server whose guests the agents of a program are (default: a server inside it)
  OPENCLAW_CLUSTERS  where agent://ENVIRONMENT/CLUSTER is, as JSON: {"production/a": ["ws://…"]}
  VAULT_ADDR         address of the vault that secret://vault names; VAULT_TOKEN its token, VAULT_NAMESPACE its namespace

  OTEL_EXPORTER_OTLP_ENDPOINT  collector that traces are sent to (default: none are made)

  Without providers in the file, those found here answer, the first one by default:
  OPENAI_API_KEY     key of an OpenAI-compatible provider; OPENAI_BASE_URL its address, OPENAI_MODEL its model
  ANTHROPIC_API_KEY  key of Anthropic; ANTHROPIC_BASE_URL its address
  GEMINI_API_KEY     key of Gemini
  OLLAMA_HOST        address of an Ollama (default: the one of this machine, where one answers)

  NO_COLOR           set to anything: no colour and nothing that moves
  TERM               dumb: the same
`,
  'exit-codes': `Exit codes

  0    what was asked for was done; for claw run: the run was completed
  1    an error, or a run that ended otherwise than completed: failed, timed_out, cancelled by somebody else, …
  130  interrupted by Ctrl-C (SIGINT); the run was cancelled, or for claw runs tail goes on
  143  claw up was ended at once by a second SIGTERM

  An error is one line on stderr: "claw: CODE: what happened. What to do." With --json it is one line on stdout:
  {"error": {"code": …, "message": …}}.
`,
} as const;
