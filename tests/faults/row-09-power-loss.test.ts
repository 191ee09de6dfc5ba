// Power is lost at random moments: what was not synced is dropped, reordered or torn, and the store is opened on what is left.
import { testRow, withoutLinux } from './rows/test-row.ts';

testRow('power-loss', 'a loss of power takes nothing that was promised as on disk, and says so where it took text', withoutLinux);
