/** What a server asks for, as far as it matters here. */
export interface Question {
  readonly mode?: string | undefined;
  readonly requestedSchema?: { readonly properties?: Readonly<Record<string, object>>; readonly required?: readonly string[] | undefined };
}

export type Reply =
  | { readonly action: 'accept'; readonly content: Record<string, string | number | boolean | string[]> }
  | { readonly action: 'decline' };

/** Answers a form with the defaults it names, where those are all it needs; else declines. */
export function replyWithDefaults({ mode = 'form', requestedSchema = {} }: Question): Reply {
  if (mode !== 'form') return { action: 'decline' };
  const { properties = {}, required = [] } = requestedSchema;
  const defaults = Object.entries(properties).flatMap(([name, schema]) => {
    const value = 'default' in schema ? schema.default : undefined;
    return isAnswer(value) ? [[name, value] as const] : [];
  });
  const content = Object.fromEntries(defaults);
  return required.every((name) => Object.hasOwn(content, name)) ? { action: 'accept', content } : { action: 'decline' };
}

function isAnswer(value: unknown): value is string | number | boolean | string[] {
  return (
    ['string', 'number', 'boolean'].includes(typeof value) || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
  );
}
