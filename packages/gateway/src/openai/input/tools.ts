import { LIMITS, type Settings, type ToolSpec } from '@openclaw-runtime/protocol';
import { Fields } from './fields.ts';

/** Functions of the caller's. In chat completions they stand below `function`, in responses beside `type`. */
export function toolSpecs(request: Fields, nested: boolean): readonly ToolSpec[] | undefined {
  const list = request.list('tools', LIMITS.maxTools);
  if (list === undefined || list.length === 0) return undefined;
  return list.map((each, i) => toolOf(each, request.at(`tools.${i}`), nested));
}

function toolOf(value: unknown, path: string, nested: boolean): ToolSpec {
  const outer = new Fields(value, path);
  if (outer.text('type', 64) !== 'function') throw outer.bad('type', 'only functions are served here; other tools are those of an agent');
  const tool = nested ? outer.object('function') : outer;
  if (tool === undefined) throw outer.bad('function', 'describe the function');
  const name = tool.text('name', LIMITS.maxNameLength, 1);
  if (name === undefined) throw tool.bad('name', 'name the function');
  const description = tool.text('description', LIMITS.maxBodyBytes);
  const parameters = tool.json('parameters');
  const strict = tool.flag('strict');
  tool.end();
  if (nested) outer.end();
  return {
    name,
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(strict === undefined ? {} : { strict }),
  };
}

export function toolChoice(request: Fields, nested: boolean): Settings['toolChoice'] {
  const value = request.any('tool_choice');
  if (value === undefined) return undefined;
  if (typeof value === 'string') return request.oneOf('tool_choice', ['auto', 'none', 'required']);
  const choice = new Fields(value, request.at('tool_choice'));
  if (choice.text('type', 64) !== 'function') throw choice.bad('type', 'only functions can be chosen here');
  const name = (nested ? choice.object('function') : choice)?.text('name', LIMITS.maxNameLength, 1);
  if (name === undefined) throw choice.bad('name', 'name the function');
  return { name };
}
