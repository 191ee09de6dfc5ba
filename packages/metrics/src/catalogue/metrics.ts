import type { Metric } from './metric.ts';

/**
 * All that a house measures: what Prometheus is told, the page that explains it, dashboard, rules and the judge inside come from here. The first four are the
 * names that people know; the others follow a run from its request to its end, then the house that carries it.
 */
export const METRICS = {
  latency: {
    kind: 'histogram',
    name: 'openclaw_latency_seconds',
    help: 'From a request to the first of its answer being durable: text, a thought, a call of a tool, or the end where nothing came before; operations are not among them',
    labels: { agent: 'agents' },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10, 30, 60],
  },
  tokensPerSecond: {
    kind: 'gauge',
    name: 'openclaw_tokens_per_second',
    help: 'Pieces of text and thought that models said, per second over the last ten',
    labels: { model: 'models' },
  },
  threadsActive: {
    kind: 'gauge',
    name: 'openclaw_thread_pool_active',
    help: 'Threads that run the code of agents now',
  },
  reasoningLevel: {
    kind: 'histogram',
    name: 'openclaw_reasoning_level',
    help: 'How deep models were asked to think, 1 to 4, for each step for which that was chosen',
    labels: { agent: 'agents' },
    buckets: [1, 2, 3, 4],
  },

  runsStarted: {
    kind: 'counter',
    name: 'openclaw_runs_started_total',
    help: 'Runs that were taken up for the first time',
    labels: { agent: 'agents' },
  },
  runsTakenUp: {
    kind: 'counter',
    name: 'openclaw_runs_taken_up_again_total',
    help: 'Runs that were gone on with: after a restart, or after a pause in which they waited for a person or for money',
  },
  runs: {
    kind: 'counter',
    name: 'openclaw_runs_total',
    help: 'Runs that ended, and how',
    labels: { agent: 'agents', status: ['completed', 'cancelled', 'failed', 'timed_out', 'needs_attention', 'budget_exhausted'] },
  },
  runErrors: {
    kind: 'counter',
    name: 'openclaw_run_errors_total',
    help: 'Runs that ended with an error, by its word',
    labels: { code: 'codes' },
  },
  runSeconds: {
    kind: 'histogram',
    name: 'openclaw_run_seconds',
    help: 'From a request to its end',
    labels: { status: ['completed', 'cancelled', 'failed', 'timed_out', 'needs_attention', 'budget_exhausted'] },
    buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600],
  },
  queueWait: {
    kind: 'histogram',
    name: 'openclaw_queue_wait_seconds',
    help: 'From a request until somebody works on it',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  },
  runsActive: {
    kind: 'gauge',
    name: 'openclaw_runs_active',
    help: 'Runs that are at work',
  },
  runsParked: {
    kind: 'gauge',
    name: 'openclaw_runs_parked',
    help: 'Runs that wait for people and take no place',
  },

  firstToken: {
    kind: 'histogram',
    name: 'openclaw_first_token_seconds',
    help: 'From the beginning of a step to the first that its model says being durable',
    labels: { model: 'models' },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10, 30, 60],
  },
  tokenGap: {
    kind: 'histogram',
    name: 'openclaw_token_gap_seconds',
    help: 'Between two deliveries of text of one step; each carries all that came since the one before',
    labels: { model: 'models' },
    buckets: [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
  },
  steps: {
    kind: 'counter',
    name: 'openclaw_steps_total',
    help: 'Model calls that came to their end, and why they did',
    labels: { model: 'models', finish: ['stop', 'length', 'tool_calls', 'content_filter', 'interrupted'] },
  },
  streamed: {
    kind: 'counter',
    name: 'openclaw_streamed_tokens_total',
    help: 'Pieces of text and thought that models said, as they went into logs',
    labels: { model: 'models', flow: ['text', 'thinking'] },
  },
  tokens: {
    kind: 'counter',
    name: 'openclaw_tokens_total',
    help: 'Tokens as providers counted them; those thought are among the output, those cached among the input',
    labels: { model: 'models', kind: ['input', 'output', 'reasoning', 'cached'] },
  },
  cost: {
    kind: 'counter',
    name: 'openclaw_cost_usd_total',
    help: 'Money for tokens, where the price of the model is known; each token is paid for once',
    labels: { model: 'models', kind: ['input', 'output', 'reasoning', 'cached'] },
  },
  modelWaits: {
    kind: 'counter',
    name: 'openclaw_model_waits_total',
    help: 'Times that a call was told its place among those that wait for a busy model',
    labels: { model: 'models' },
  },
  retries: {
    kind: 'counter',
    name: 'openclaw_retries_total',
    help: 'Model calls that were made again, or of another model, after an error',
    labels: { model: 'models' },
  },
  supersedes: {
    kind: 'counter',
    name: 'openclaw_supersedes_total',
    help: 'Answers that took the place of what was said before, since it could not be gone on with',
  },
  resumes: {
    kind: 'counter',
    name: 'openclaw_resumes_total',
    help: 'Steps that were gone on with after a break, and how',
    labels: { by: ['fresh', 'attach', 'continue', 'compare'] },
  },
  toolCalls: {
    kind: 'counter',
    name: 'openclaw_tool_calls_total',
    help: 'Calls of tools that came to an answer',
    labels: { outcome: ['ok', 'error'] },
  },
  toolSeconds: {
    kind: 'histogram',
    name: 'openclaw_tool_seconds',
    help: 'How long calls of tools took',
    labels: { outcome: ['ok', 'error'] },
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
  },
  approvals: {
    kind: 'counter',
    name: 'openclaw_approvals_total',
    help: 'Questions to people, and what they answered',
    labels: { answer: ['allow', 'deny', 'expired'] },
  },
  budgetRefusals: {
    kind: 'counter',
    name: 'openclaw_budget_refusals_total',
    help: 'Runs that were paused since a budget had nothing left, by what it is a budget of',
    labels: { scope: ['run', 'task', 'session', 'agent', 'tenant', 'day'] },
  },

  threads: {
    kind: 'gauge',
    name: 'openclaw_thread_pool_threads',
    help: 'Threads that there are',
  },
  threadsMax: {
    kind: 'gauge',
    name: 'openclaw_thread_pool_max',
    help: 'Threads that there may be',
  },
  threadCalls: {
    kind: 'gauge',
    name: 'openclaw_thread_pool_calls',
    help: 'Calls of the code of agents: at work, and waiting for a thread',
    labels: { state: ['working', 'waiting'] },
  },
  threadsReplaced: {
    kind: 'counter',
    name: 'openclaw_threads_replaced_total',
    help: 'Threads that were lost and replaced, by the error word of what did it',
    labels: { code: 'codes' },
  },
  snapshotSeconds: {
    kind: 'histogram',
    name: 'openclaw_snapshot_seconds',
    help: 'How long the store took to fold records of a run into its snapshot',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  },
  snapshotBytes: {
    kind: 'histogram',
    name: 'openclaw_snapshot_bytes',
    help: 'Size of what runs saved to go on from: the states of agents, and what owners keep beside the log',
    labels: { of: ['agent', 'owner'] },
    buckets: [256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304],
  },
  commitSeconds: {
    kind: 'histogram',
    name: 'openclaw_store_commit_seconds',
    help: 'From sending a group of records to the store’s engine to their being durable',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  },
  commitBytes: {
    kind: 'histogram',
    name: 'openclaw_store_commit_bytes',
    help: 'Size of such a group, in characters',
    buckets: [1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216],
  },
  storeFull: {
    kind: 'counter',
    name: 'openclaw_store_full_total',
    help: 'Groups of records that a full disk refused; they are tried again',
  },

  connections: {
    kind: 'gauge',
    name: 'openclaw_connections',
    help: 'WebSocket connections of clients',
  },
  refusals: {
    kind: 'counter',
    name: 'openclaw_refusals_total',
    help: 'What was refused since it was too much: by a limit of a key, tenant or address, or since the house had too much to do',
    labels: { limit: ['connections', 'messages', 'bytes', 'runs', 'concurrent', 'overload', 'pressure'] },
  },
  refused: {
    kind: 'counter',
    name: 'openclaw_refused_total',
    help: 'Requests, frames and connections that were refused, by the error word: who asked is not known, may not, or asked too much; the audit log has each',
    labels: { code: ['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'RATE_LIMITED', 'BAD_REQUEST'] },
  },
  admissionLevel: {
    kind: 'gauge',
    name: 'openclaw_admission_level',
    help: 'What is given up for lack of memory or time: 0 nothing, 1 strangers, 2 new sessions, 3 new runs, 4 all but reading and ending runs',
  },
  runsWaiting: {
    kind: 'gauge',
    name: 'openclaw_runs_waiting',
    help: 'Runs that were asked for here, belong to no session, and that nobody works on yet',
  },
  auditRecords: {
    kind: 'counter',
    name: 'openclaw_audit_records_total',
    help: 'Records of the audit log, and those that there was no room for while its disk refused',
    labels: { outcome: ['written', 'lost'] },
  },
  auditWaiting: {
    kind: 'gauge',
    name: 'openclaw_audit_waiting',
    help: 'Records of the audit log that its disk has not taken yet',
  },
  commands: {
    kind: 'counter',
    name: 'openclaw_commands_total',
    help: 'Commands to runs that go on',
    labels: { command: ['cancel', 'send', 'feedback', 'approve', 'level', 'topup', 'wake'] },
  },
  eventLoopDelay: {
    kind: 'histogram',
    name: 'openclaw_event_loop_delay_seconds',
    help: 'How late the process came to what it wanted to do 50 ms later',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  },
  memory: {
    kind: 'gauge',
    name: 'openclaw_memory_bytes',
    help: 'Memory of the process: resident, and of that the heap in use and what lies outside it',
    labels: { part: ['resident', 'heap', 'outside'] },
  },
  startTime: {
    kind: 'gauge',
    name: 'openclaw_start_time_seconds',
    help: 'When the house was opened, in seconds since 1970',
  },
  configReads: {
    kind: 'counter',
    name: 'openclaw_config_reloads_total',
    help: 'Times that the configuration was read again: it holds, or it was refused and the one before stays',
    labels: { outcome: ['applied', 'refused'] },
  },
  configTime: {
    kind: 'gauge',
    name: 'openclaw_config_time_seconds',
    help: 'When the configuration that holds was read, in seconds since 1970',
  },
  tier: {
    kind: 'gauge',
    name: 'openclaw_tier',
    help: 'The highest tier of recovery that a model, an agent or the threads are in: 0 none, 1 reconnecting, 2 from snapshots, 3 static',
  },
  tierChanges: {
    kind: 'counter',
    name: 'openclaw_tier_changes_total',
    help: 'Times that a run told of another tier, by that tier',
    labels: { tier: ['0', '1', '2', '3'] },
  },
  alerts: {
    kind: 'gauge',
    name: 'openclaw_alert_firing',
    help: 'Whether an alert fires, as the house itself judges',
    labels: { alert: 'alerts' },
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricKey = keyof typeof METRICS;
