import { z } from 'zod';

/** The keys that the schema knows at a place of the file; none where any key is fine. */
export function knownKeysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let here: readonly z.core.$ZodType[] = [schema];
  for (const key of path) here = here.flatMap((each) => inside(each, key));
  return [...new Set(here.flatMap(unwrap).flatMap((each) => (each instanceof z.ZodObject ? Object.keys(each.shape) : [])))];
}

function inside(schema: z.core.$ZodType, key: PropertyKey): readonly z.core.$ZodType[] {
  return unwrap(schema).flatMap((each) => {
    if (each instanceof z.ZodObject) return each.shape[String(key)] ?? [];
    if (each instanceof z.ZodRecord) return each.valueType;
    return each instanceof z.ZodArray ? each.element : [];
  });
}

function unwrap(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodExactOptional) return unwrap(schema.unwrap());
  return schema instanceof z.ZodUnion ? schema.options.flatMap(unwrap) : [schema];
}
