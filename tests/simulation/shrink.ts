import type { Violation } from './judge.ts';
import type { Plan } from './plan.ts';

/** Plays a plan and says what is wrong with it. */
export type Play = (plan: Plan) => Promise<readonly Violation[]>;

/** The smallest plan found that breaks the same rule: parts are left out as long as it still does. */
export async function shrinkPlan(plan: Plan, rule: Violation['rule'], play: Play): Promise<Plan> {
  const breaks = async (candidate: Plan): Promise<boolean> => (await play(candidate)).some((violation) => violation.rule === rule);
  let smallest = plan;
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const candidate of smallerOnes(smallest)) {
      if (!(await breaks(candidate))) continue;
      smallest = candidate;
      shrunk = true;
      break;
    }
  }
  return smallest;
}

/** The largest cuts first. */
function* smallerOnes(plan: Plan): Generator<Plan> {
  const { users, faults } = plan;
  const half = Math.ceil(faults.length / 2);
  if (faults.length > 3) {
    yield { ...plan, faults: faults.slice(0, half) };
    yield { ...plan, faults: faults.slice(half) };
  }
  if (users.length > 1) for (const [i] of users.entries()) yield withoutUser(plan, i);
  for (const [i] of faults.entries()) yield { ...plan, faults: faults.toSpliced(i, 1) };
  for (const [u, user] of users.entries()) {
    const change = (asks: typeof user.asks): Plan => ({ ...plan, users: users.with(u, { ...user, asks }) });
    for (const [a, ask] of user.asks.entries()) {
      if (user.asks.length > 1) yield change(user.asks.toSpliced(a, 1));
      for (const [c] of ask.commands.entries()) yield change(user.asks.with(a, { ...ask, commands: ask.commands.toSpliced(c, 1) }));
    }
    if (user.hold) yield { ...plan, users: users.with(u, { ...user, hold: false }) };
  }
  if (plan.tokens > 4) yield { ...plan, tokens: 4 };
}

/** What was aimed at the user is left out too. */
function withoutUser(plan: Plan, i: number): Plan {
  const gone = plan.users[i]?.name;
  return { ...plan, users: plan.users.toSpliced(i, 1), faults: plan.faults.filter((fault) => !('user' in fault) || fault.user !== gone) };
}
