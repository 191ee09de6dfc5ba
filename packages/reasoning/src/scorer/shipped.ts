import { once } from '../text/once.ts';
import { BUILTIN } from './builtin.ts';
import { createModel, type Model, type ModelFile } from './model.ts';

/** The model that ships with the package: unpacked when it is first needed, and shared, since nothing writes to it. */
export const shippedModel: () => Model = once(() => createModel(JSON.parse(BUILTIN) as ModelFile));
