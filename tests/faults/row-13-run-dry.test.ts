// No descriptors, no memory.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('run-dry', 'running out of descriptors or memory ends no stream and makes no loop', withoutLinux);
