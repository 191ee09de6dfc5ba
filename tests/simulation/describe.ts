import type { Plan } from './plan.ts';
import type { Report } from './schedule.ts';

/** A course for people: the plan, then what everybody saw, in the order of time. */
export function describeCourse(plan: Plan, { books, logs, ledger }: Report): string {
  const faults = plan.faults.map(({ atMs, ...fault }) => ({ at: atMs, line: `${stamp(atMs)} FAULT ${JSON.stringify(fault)}` }));
  const seen = [...books].flatMap(([name, { lines }]) =>
    lines.map(({ at, ...line }) => ({ at, line: `${stamp(at)} ${name} ${JSON.stringify(line)}` })),
  );
  const asked = ledger.map(({ askedAt, ...entry }) => ({ at: askedAt, line: `${stamp(askedAt)} PROVIDER ${JSON.stringify(entry)}` }));
  const course = [...faults, ...seen, ...asked].sort((a, b) => a.at - b.at).map(({ line }) => line);
  const ends = [...logs].flatMap(([run, { epoch, records }]) => [
    `LOG ${run}, epoch ${epoch}`,
    ...records.map(({ seq, kind, step, attempt, data }) => `  ${seq} ${kind} ${step}.${attempt} ${JSON.stringify(data)}`),
  ]);
  return [`PLAN ${JSON.stringify({ ...plan, faults: plan.faults.length })}`, ...course, ...ends].join('\n');
}

function stamp(ms: number): string {
  return ms.toFixed(1).padStart(9);
}
