import { OpenClawError } from '@openclaw-runtime/protocol';
import { findCreate } from './find-create.ts';
import { loadPackage } from './load-package.ts';
import type { MakeModel } from './models.ts';
import type { Wires } from './wires.ts';

// The packages are loaded at a provider's first call: who does not use them does not pay for them.

/** Where a provider of a known kind is, and what to say there. */
export interface Place {
  /** Of the API itself. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: Wires['fetch'];
}

export async function makeGemini({ url, headers, fetch }: Place, apiKey: string | undefined): Promise<MakeModel> {
  const { createGoogle } = await import('@ai-sdk/google');
  // Without a key it would look for one in the environment by itself.
  const google = createGoogle({ baseURL: url, apiKey: apiKey ?? '', headers: { ...headers }, fetch });
  // The name becomes part of a path.
  return (name) => google.languageModel(name.split('/').map(encodeURIComponent).join('/'));
}

export async function makeOllama({ url, headers, fetch }: Place, apiKey: string | undefined): Promise<MakeModel> {
  const { createOllama } = await import('ollama-ai-provider-v2');
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const ollama = createOllama({ baseURL: url, headers: { ...headers, ...authorization }, fetch });
  return (name) => ollama.languageModel(name);
}

/** A package that somebody installed, and how it is to be used. */
export interface PackagePlace extends Omit<Place, 'url'> {
  readonly provider: string;
  /** As in `npm install`, or a path that begins with a dot. */
  readonly package: string;
  /** The name of its `createX`. */
  readonly export: string | undefined;
  /** Where packages are looked for. */
  readonly folder: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** `secrets` are options as well. Throws `BAD_CONFIG`. */
export async function makePackage(place: PackagePlace, secrets: Readonly<Record<string, string>>): Promise<MakeModel> {
  const { provider, package: name, headers, fetch, options, folder } = place;
  const create = findCreate(await loadPackage(provider, name, folder), place);
  const made = create({ ...options, ...secrets, headers: { ...(options['headers'] as object | undefined), ...headers }, fetch });
  return (model) => checked(place, modelOf(made, model));
}

function modelOf(made: unknown, model: string): unknown {
  const { languageModel } = (made ?? {}) as { readonly languageModel?: unknown };
  if (typeof languageModel === 'function') return languageModel.call(made, model) as unknown;
  return typeof made === 'function' ? (made as (model: string) => unknown)(model) : undefined;
}

type Model = ReturnType<MakeModel>;

function checked({ provider, package: name }: PackagePlace, model: unknown): Model {
  const { doStream, specificationVersion } = (model ?? {}) as Partial<Model>;
  const bad = (what: string): OpenClawError => new OpenClawError('BAD_CONFIG', `providers.${provider}.package: ${what}`);
  if (typeof doStream !== 'function') throw bad(`"${name}" makes no language models of the AI SDK. Name another export.`);
  if (specificationVersion === 'v4') return model as Model;
  const version = JSON.stringify(specificationVersion);
  throw bad(`"${name}" makes language models of specification ${version}, and v4 is needed. Run: npm install ${name}@latest`);
}
