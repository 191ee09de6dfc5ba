// Connections end in the middle of a frame, by RST or FIN.
import { testRow } from './rows/test-row.ts';

testRow('torn-wire', 'a torn connection loses, doubles and splices nothing');
