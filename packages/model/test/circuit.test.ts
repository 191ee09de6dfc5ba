import { expect, test } from 'vitest';
import { createCircuit } from '../src/circuit.ts';
import { createCircuits } from '../src/circuits.ts';
import { createManualClock } from './fixtures/clocks.ts';

const LIMITS = { failures: 3, openMs: 1_000 };

function opened() {
  const clock = createManualClock();
  const circuit = createCircuit('The model "m"', LIMITS, clock);
  for (let i = 0; i < 3; i++) circuit.enter().failed();
  return { clock, circuit };
}

test('opens after so many failures in a row and says for how long', () => {
  const { circuit, clock } = opened();
  clock.advance(400);
  expect(() => circuit.enter()).toThrow(expect.objectContaining({ code: 'CIRCUIT_OPEN', retryAfterMs: 600 }));
});

test('a success in between starts the count anew; abandoned calls do not count', () => {
  const circuit = createCircuit('m', LIMITS, createManualClock());
  circuit.enter().failed();
  circuit.enter().failed();
  circuit.enter().succeeded();
  circuit.enter().failed();
  circuit.enter().failed();
  circuit.enter().abandoned();
  expect(circuit.state).toEqual({ kind: 'closed', failures: 2 });
});

test('after its time one probe passes, and only one', () => {
  const { circuit, clock } = opened();
  clock.advance(1_000);
  const probe = circuit.enter();
  expect(circuit.state.kind).toBe('half-open');
  expect(() => circuit.enter()).toThrow(expect.objectContaining({ code: 'CIRCUIT_OPEN' }));
  probe.succeeded();
  expect(circuit.state).toEqual({ kind: 'closed', failures: 0 });
});

test('a failed probe opens it again, from then on', () => {
  const { circuit, clock } = opened();
  clock.advance(1_000);
  circuit.enter().failed();
  clock.advance(999);
  expect(() => circuit.enter()).toThrow(expect.objectContaining({ retryAfterMs: 1 }));
});

test('an abandoned probe lets the next one pass at once', () => {
  const { circuit, clock } = opened();
  clock.advance(1_000);
  circuit.enter().abandoned();
  circuit.enter().succeeded();
  expect(circuit.state.kind).toBe('closed');
});

test('the first content of a probe closes it; that the probe fails later counts as one failure', () => {
  const { circuit, clock } = opened();
  clock.advance(1_000);
  const probe = circuit.enter();
  probe.answered();
  expect(circuit.state).toEqual({ kind: 'closed', failures: 0 });
  probe.failed();
  expect(circuit.state).toEqual({ kind: 'closed', failures: 1 });
});

test('what earlier calls report late changes nothing', () => {
  const clock = createManualClock();
  const circuit = createCircuit('m', LIMITS, clock);
  const late = [circuit.enter(), circuit.enter()];
  for (let i = 0; i < 3; i++) circuit.enter().failed();
  clock.advance(500);
  late[0]?.failed();
  late[1]?.succeeded();
  expect(() => circuit.enter()).toThrow(expect.objectContaining({ retryAfterMs: 500 }));
});

test('each provider and model has its own, and their number is bounded', () => {
  const circuits = createCircuits(createManualClock());
  const first = circuits.of('p', 'm', LIMITS);
  expect(circuits.of('p', 'm', LIMITS)).toBe(first);
  expect(circuits.of('p', 'n', LIMITS)).not.toBe(first);
  for (let i = 0; i < 1_000; i++) circuits.of('p', `other ${i}`, LIMITS);
  expect(circuits.of('p', 'm', LIMITS)).not.toBe(first);
});
