import { OpenClawError, type Settings } from '@openclaw-runtime/protocol';

/** Throws `BAD_REQUEST` for the first of these that is asked for: `api`, as in `the Responses API`, has no word for it. */
export function refuse(settings: Settings, names: readonly (keyof Settings)[], api: string): void {
  const name = names.find((each) => settings[each] !== undefined);
  if (name !== undefined) throw unsupported(name, api);
}

export function unsupported(what: string, api: string): OpenClawError {
  return new OpenClawError('BAD_REQUEST', `${api} has no ${what}. Leave it out, or ask a model of another provider.`);
}
