import type { Level, Leveled, ModelRequest } from '../contract/broker.ts';
import type { Control } from './control.ts';
import { exceptionOf } from './exceptions.ts';
import { type Fields, fieldsOf } from './fields.ts';
import { type Room, withRoom } from './room.ts';
import type { Said } from './rows.ts';

/** How a level is put into one request. */
export interface Plan {
  readonly fields: Fields;
  readonly leveled: Leveled;
}

const NOTHING: Fields = {};

/** `model` is the name at the provider; `room` where the API wants to be told how long an answer may be. */
export function planLevel(
  control: Exclude<Control, { kind: 'prompt' }>,
  request: ModelRequest,
  level: Level,
  model: string,
  room?: Room,
): Plan {
  if (control.kind === 'unknown')
    return untold(level, `Nobody knows how "${model}" is told how hard to think. Set reasoning for its provider.`);
  if (control.kind === 'never' && level === 1) return { fields: NOTHING, leveled: { wanted: level } };
  if (control.kind === 'never' || control.kind === 'fixed') {
    return untold(level, `"${model}" takes no word about how hard to think. Ask another model, or set reasoning: prompt.`);
  }
  const { dialect, api } = control;
  const wanted = control.says[level - 1] as Said;
  const exception = exceptionOf(control, request, model);
  const said = exception === undefined ? wanted : exception.said;
  const why = (said ?? exception?.meant) === wanted ? undefined : exception?.why;
  if (said === undefined) return { fields: NOTHING, leveled: { wanted: level, ...(why !== undefined && { warning: why }) } };
  const plain = fieldsOf(dialect, api, said);
  const { fields, warning = why } = room === undefined ? { fields: plain } : withRoom(plain, room);
  return { fields, leveled: { wanted: level, sent: JSON.stringify(fields), ...(warning !== undefined && { warning }) } };
}

function untold(wanted: Level, warning: string): Plan {
  return { fields: NOTHING, leveled: { wanted, warning } };
}
