import type { Estate } from './estate.ts';

/** What came back that should not have. */
export interface Leak {
  readonly call: string;
  readonly from: string;
  readonly by: string;
  readonly why: string;
}

/** Judges answers that were given to one tenant. */
export interface Judge {
  /** `sent` is what the asker said itself, which may be said back to it. */
  judge(call: string, asker: Estate, victim: Estate, sent: string, answer: string): void;
  /** `answer` to an id of another's must be the one to an id that nobody has. */
  same(call: string, asker: Estate, victim: Estate, answer: string, toNobody: string): void;
  readonly leaks: readonly Leak[];
}

export function createJudge(estates: readonly Estate[]): Judge {
  const leaks: Leak[] = [];
  const note = (call: string, by: Estate, from: Estate, why: string): void =>
    void leaks.push({ call, by: by.tenant, from: from.tenant, why });
  return {
    leaks,
    judge(call, asker, _victim, sent, answer) {
      for (const other of estates) {
        if (other === asker) continue;
        const told = other.secrets.find((secret) => answer.includes(secret) && !sent.includes(secret));
        if (told !== undefined) note(call, asker, other, `was told ${told}: ${answer.slice(0, 200)}`);
      }
    },
    same(call, asker, victim, answer, toNobody) {
      if (answer !== toNobody)
        note(call, asker, victim, `was answered ${answer.slice(0, 200)} and for what is nobody’s ${toNobody.slice(0, 200)}`);
    },
  };
}
