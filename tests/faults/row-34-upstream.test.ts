// The provider refuses, stalls, cuts, drips, tears and talks nonsense.
import { testRow } from './rows/test-row.ts';

testRow('upstream', 'a provider in trouble gives one whole answer or an error with a word');
