// Syncs take 5 to 500 ms.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('slow-sync', 'slow syncs slow down no more than what waits for the disk', withoutLinux);
