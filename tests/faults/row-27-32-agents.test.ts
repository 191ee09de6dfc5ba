// Agents that take their threads down, beside agents that stream from theirs.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('agents-memory', 'an agent that eats memory', withoutLinux);
testRow('agents-hold', 'an agent that does not let go of its thread', withoutLinux);
testRow('agents-starve', 'an agent that fills the pool of threads in which Node works', withoutLinux);
testRow('agents-crash', 'an agent that crashes, once or always', withoutLinux);
testRow('agents-spin', 'sixteen agents that spin together', withoutLinux);
