import { OpenClawError } from '@openclaw-runtime/protocol';
import { type Estimate, LEVELS, type Level } from '@openclaw-runtime/reasoning';
import { createApi } from '../commands/api.ts';
import { configure } from '../commands/configure.ts';
import { livingOwner } from '../commands/place.ts';
import { plainJson } from '../commands/plain.ts';
import { inputOf } from '../commands/run.ts';
import { httpAddress, type ServerOptions } from '../commands/server.ts';
import { createStyle } from '../commands/style.ts';
import type { World } from '../commands/world.ts';
import type { Config } from '../config/config.ts';
import { nearest } from '../config/nearest.ts';
import { createForecaster, type Forecast, type Learned } from '../forecast/forecaster.ts';
import { shown } from './shown.ts';

export interface PredictOptions extends ServerOptions {
  readonly agent?: string;
  readonly model?: string;
  readonly complexity?: string;
  readonly file?: string;
  readonly export?: boolean;
  readonly json?: boolean;
}

/** Prints what a request would be given and what it would take. Resolves with the exit code. */
export async function predict(prompt: string | undefined, options: PredictOptions, world: World): Promise<number> {
  const { agent = 'default', complexity, model, json } = options;
  const query = options.export ? '' : await inputOf(prompt, options.file, world);
  const config = await configure(options, world);
  const learned = await learnedOf(options, config, world);
  if (options.export) {
    world.out.write(`${plainJson(learned ?? {})}\n`);
    return 0;
  }
  if (!Object.hasOwn(config.agents, agent)) throw noSuch('agent', agent, Object.keys(config.agents));
  const forecaster = createForecaster(config, learned);
  const asked = { query, agent, ...(complexity !== undefined && { complexity }) };
  const forecast = forecaster.forecast({ ...asked, ...(model !== undefined && { model }) });
  const others = model === undefined ? Object.keys(config.models).filter((name) => name !== forecast.model) : [];
  const models = [forecast, ...others.map((name) => forecaster.forecast({ ...asked, model: name }))];
  if (json) world.out.write(`${plainJson(dataOf(forecast, models))}\n`);
  else for (const line of shown(forecast, models, createStyle(world, world.out))) world.out.write(`${line}\n`);
  return 0;
}

/** What a server has learned: of the one that is named, else of the one that has the data folder open, where there is one. */
async function learnedOf(options: PredictOptions, config: Config, world: World): Promise<Learned | undefined> {
  const owner = options.url === undefined ? await livingOwner(config, world) : undefined;
  const url = options.url === undefined ? owner?.url : httpAddress(options.url, config, world);
  if (url === undefined) return undefined;
  const token = (await config.server.token?.fetch()) ?? owner?.key;
  try {
    return await createApi(url, token, world).learned();
  } catch (error) {
    if (options.url !== undefined || options.export) throw error;
    const { code } = OpenClawError.from(error);
    world.err.write(`claw: what the server at ${url} has learned could not be read (${code}), so this is said without it\n`);
    return undefined;
  }
}

function dataOf(forecast: Forecast, models: readonly Forecast[]): object {
  const { model, level, score, why, estimates } = forecast;
  return {
    model,
    level,
    score,
    why,
    levels: LEVELS.map((each) => amountsOf(estimates[each])),
    models: models.map(({ level: chosen, estimates: of }) => amountsOf(of[chosen])),
  };
}

function amountsOf({ model, level, inputTokens, outputTokens, thinkingTokens, money, ms, priced, learnedFrom }: Estimate): object {
  const tokens = { in: inputTokens, out: outputTokens, thinking: thinkingTokens };
  return { model, level: level satisfies Level, tokens, ...(priced && { usd: money }), ms, learnedFrom };
}

function noSuch(what: string, name: string, known: readonly string[]): OpenClawError {
  const near = nearest(name, known);
  return new OpenClawError('NOT_FOUND', `There is no ${what} ${name}. ${near ? `Did you mean ${near}?` : `Known: ${known.join(', ')}.`}`);
}
