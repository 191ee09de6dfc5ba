import type { RunRecord } from '@openclaw-runtime/protocol';
import { type Amount, countAttempt, isTry, type Meters, NO_ATTEMPTS, type Rung } from './ladder.ts';

/** What recovery has to know of a run's last step, beside what was delivered. It is JSON. */
export interface Course {
  /** The model that the step began with: its fallbacks are the step's. */
  began?: string;
  /** Who was asked last. */
  asked?: string;
  /** Who said what was delivered. */
  spoke?: string;
  /** The last response that a provider said it keeps. */
  kept?: Kept;
  /** Of the last call: how it joined what was delivered before it. */
  rung: Rung;
  before: Amount;
  /** The provider was not even asked. */
  isSpared?: boolean;
  /** Without the last call. */
  meters: Meters;
}

/** A response that can be read again, by its provider's name for it. */
export interface Kept {
  readonly model: string;
  readonly response: string;
}

export function beginCourse(model?: string): Course {
  return { ...(model !== undefined && { began: model, asked: model }), rung: 'fresh', before: amountOf(NOTHING), meters: NO_ATTEMPTS };
}

/** Answers the course after one more record, before which the step had `said` so much; it may be the same object. */
export function followCourse(course: Course, record: RunRecord, said: Amount): Course {
  switch (record.kind) {
    case 'step.started':
      if (record.data.supersedes === undefined) return beginCourse(record.data.model);
      course.asked = record.data.model;
      return course;
    case 'step.retried':
      if (record.data.model !== undefined) course.asked = record.data.model;
      // Where another model is asked at once, its call follows, which may be one.
      course.isSpared = !isTry(record.data.error) && (record.data.model === undefined || record.data.delayMs > 0);
      return course;
    case 'step.responding':
      if (course.asked !== undefined) course.kept = { model: course.asked, response: record.data.response };
      return course;
    case 'budget.paused':
      // The next call is no attempt, as the last one was not made, or broken off by ourselves.
      course.isSpared = true;
      return course;
    case 'step.resumed': {
      const now = amountOf(said);
      if (!course.isSpared) course.meters = countAttempt(course.meters, course.rung, course.before, now);
      course.isSpared = false;
      course.rung = record.data.by;
      course.before = now;
      // Somebody found that it is kept no more.
      if (course.rung !== 'attach') delete course.kept;
      return course;
    }
    case 'text':
    case 'thinking':
      if (course.asked !== undefined) course.spoke = course.asked;
      return course;
    default:
      return course;
  }
}

/** The meters, the last call included: dying counts as an attempt, so that a run which kills its process comes to an end. */
export function metersOf({ meters, rung, before }: Course, said: Amount): Meters {
  return countAttempt(meters, rung, before, said);
}

const NOTHING: Amount = { text: '', thinking: '' };

/** The lengths, without what has them. */
function amountOf({ text, thinking }: Amount): Amount {
  return { text: { length: text.length }, thinking: { length: thinking.length } };
}
