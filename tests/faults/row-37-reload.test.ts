// Configuration and secrets become others while streams run, and some of them are wrong.
import { testRow } from './rows/test-row.ts';

testRow('reload', 'another configuration, a wrong one or another secret interrupts nothing');
