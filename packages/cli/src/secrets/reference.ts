/** `secret://KIND/PLACE`, with what stands behind `#`. */
export type Reference =
  | { readonly kind: 'env' | 'file' | 'exec'; readonly place: string }
  | { readonly kind: 'vault'; readonly place: string; readonly field: string; readonly version?: number };

const FORM = /^secret:\/\/([\w-]+)\/([^#]+)(?:#([^#]*)(?:#(.*))?)?$/;

const FORMS = 'secret://env/NAME, secret://file/PATH, secret://vault/PATH#FIELD or secret://exec/NAME';

/** What a text refers to; `undefined` where it is a value itself, `problem` where it would refer to something but is not of a known form. */
export function parseReference(text: string): Reference | { readonly problem: string } | undefined {
  if (!text.startsWith('secret:')) return undefined;
  const [, kind, place = '', field, version] = FORM.exec(text) ?? [];
  switch (kind) {
    case 'vault':
      if (!field) return { problem: 'of the form secret://vault/PATH#FIELD: the field is missing' };
      if (version === undefined) return { kind, place, field };
      if (!/^[1-9]\d{0,8}$/.test(version))
        return { problem: 'of the form secret://vault/PATH#FIELD#VERSION, with a whole number as version' };
      return { kind, place, field, version: Number(version) };
    case 'env':
    case 'file':
    case 'exec':
      if (field !== undefined)
        return { problem: `of the form secret://${kind}/…: there are no versions there, so nothing may stand behind #` };
      return { kind, place };
    default:
      return { problem: FORMS };
  }
}

/** Why `text` cannot be a secret, or `undefined` when it can. Looks at its form only. */
export function secretProblem(text: string): string | undefined {
  const reference = parseReference(text);
  return reference && 'problem' in reference ? reference.problem : undefined;
}
