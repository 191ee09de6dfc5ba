// Connections are late, in pieces, and live on at the server while the client has another.
import { testRow } from './rows/test-row.ts';

testRow('late-wire', 'a late or doubled connection loses, doubles and splices nothing');
