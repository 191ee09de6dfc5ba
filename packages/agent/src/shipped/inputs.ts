import type { AgentResult } from './task-words.ts';

/** Characters of one report that others are told. */
const MAX_REPORT = 16_000;

type Results = Readonly<Record<string, AgentResult>>;

/** The task, and what others came to. */
export function withReports(task: string, results: Results): string {
  return [task, ...reports(results)].join('\n\n');
}

/** For whoever judges. */
export function toJudge(task: string, results: Results): string {
  return ['Judge whether this task is done.', section('The task', task), ...reports(results)].join('\n\n');
}

/** For whoever works: the task alone, or with what was found wrong with the last try. */
export function nextTry(task: string, worker: string, results: Results): string {
  const { [worker]: mine, ...others } = results;
  if (mine === undefined) return task;
  return [task, section('Your last try', report(mine)), ...reports(others), 'It was not accepted. Mend what was found.'].join('\n\n');
}

function reports(results: Results): readonly string[] {
  return Object.entries(results).map(([agent, result]) => section(`What ${agent} says`, report(result)));
}

/** What an agent came to, as others are told: its end, where that was none of its own, its verdict, and what it said. */
function report({ status, text, verdict, error }: AgentResult): string {
  const lines: string[] = [];
  if (status !== 'completed') lines.push(`[It did not come to its end: ${status}${error ? `, ${error.code}: ${error.message}` : ''}]`);
  if (verdict)
    lines.push(
      `[Verdict: ${verdict.accept ? 'accepted' : 'not accepted'}. ${verdict.summary}]`,
      ...verdict.findings.map((finding) => `- ${finding}`),
    );
  const said = text.trim();
  if (said !== '') lines.push(said.length > MAX_REPORT ? `${said.slice(0, MAX_REPORT)}\n[cut]` : said);
  return lines.length > 0 ? lines.join('\n') : '[It said nothing.]';
}

function section(title: string, text: string): string {
  return `## ${title}\n\n${text}`;
}
