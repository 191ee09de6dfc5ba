// A host process, or the whole machine, that has too little memory.
import { withoutMemoryGroups } from './agents/press-memory.ts';
import { testRow } from './rows/test-row.ts';

testRow('memory-pressure', 'too little memory, for a host process or for the machine', withoutMemoryGroups);
