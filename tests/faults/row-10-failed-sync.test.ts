// The disk refuses a sync, once or always.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('failed-sync', 'a failed sync stops the store, promises nothing more, and the next process goes on', withoutLinux);
