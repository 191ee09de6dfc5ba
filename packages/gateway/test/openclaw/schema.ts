import { ProtocolSchemas } from '@openclaw/gateway-protocol/schema';

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
}

export type SchemaName = keyof typeof ProtocolSchemas;

/** What of a value is not of the published schema, by path; empty where all is well. */
export function problemsOf(name: SchemaName, value: unknown): readonly string[] {
  return look(ProtocolSchemas[name] as Schema, value, name);
}

export function problemsIn(schema: unknown, value: unknown, path: string): readonly string[] {
  return look(schema as Schema, value, path);
}

export function schemaOf(name: SchemaName): Schema {
  return ProtocolSchemas[name] as Schema;
}

function look(schema: Schema, value: unknown, path: string): string[] {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    const tries = choices.map((choice) => look(choice, value, path));
    return tries.some((problems) => problems.length === 0) ? [] : tries.flat();
  }
  if (schema.allOf) return schema.allOf.flatMap((part) => look(part, value, path));
  if (schema.const !== undefined) return value === schema.const ? [] : [`${path} is not ${String(schema.const)}`];
  if (schema.enum) return schema.enum.includes(value) ? [] : [`${path} is none of ${schema.enum.join()}`];
  if (schema.type !== undefined && !isOf(schema.type, value)) return [`${path} is no ${schema.type}`];
  if (typeof value === 'string')
    return within(
      value.length,
      schema.minLength,
      schema.maxLength,
      path,
      schema.pattern === undefined || new RegExp(schema.pattern).test(value),
    );
  if (typeof value === 'number') return within(value, schema.minimum, schema.maximum, path);
  if (Array.isArray(value)) {
    const { items } = schema;
    return [
      ...within(value.length, 0, schema.maxItems, path),
      ...(items ? value.flatMap((each, i) => look(items, each, `${path}[${i}]`)) : []),
    ];
  }
  return typeof value === 'object' && value !== null ? lookInside(schema, value as Record<string, unknown>, path) : [];
}

function lookInside(schema: Schema, value: Record<string, unknown>, path: string): string[] {
  const missing = (schema.required ?? []).filter((name) => value[name] === undefined).map((name) => `${path}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, each]) => {
    if (each === undefined) return [];
    const own =
      schema.properties?.[name] ?? Object.entries(schema.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern).test(name))?.[1];
    if (own) return look(own, each, `${path}.${name}`);
    if (typeof schema.additionalProperties === 'object') return look(schema.additionalProperties, each, `${path}.${name}`);
    return schema.additionalProperties === false ? [`${path}.${name} is unknown`] : [];
  });
  return [...missing, ...wrong];
}

function isOf(type: string, value: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function within(size: number, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, path = '', fits = true): string[] {
  return size >= least && size <= most && fits ? [] : [`${path} is out of its bounds`];
}
