import { systemClock } from '@openclaw-runtime/kit';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { createLines } from '../src/process/lines.ts';
import { boundText } from '../src/tool/bounded.ts';
import { createTool, type House } from '../src/tool/create-tool.ts';
import { matchesName } from '../src/tool/patterns.ts';
import { callOf } from './call.ts';

const house: House = { clock: systemClock, maxResultBytes: 1_000, needsApproval: (name) => matchesName(['fs.*'], name) };

function toolThat(run: (signal: AbortSignal) => Promise<string>, timeoutMs = 10_000): ReturnType<typeof createTool> {
  const input = z.strictObject({ text: z.string().optional() });
  return createTool(house, {
    name: 'fs.x',
    description: '',
    input,
    sideEffects: true,
    onInterrupted: 'fail',
    timeoutMs,
    run: (_, { signal }) => run(signal),
  });
}

it('cuts what is too long between characters, and says so', () => {
  const cut = boundText('é€😀'.repeat(1_000), 1_000);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1_000);
  expect(cut.isWellFormed()).toBe(true);
  expect(cut).toMatch(/\[cut: 9000 bytes in all, the first 1000 or fewer are shown\]$/);
  expect(boundText('short', 1_000)).toBe('short');
  expect(boundText('a\ud800b')).toBe('a\ufffdb');
});

it('bounds results of tools', async () => {
  const told = await toolThat(async () => 'x'.repeat(1e8)).execute({}, callOf());
  expect(Buffer.byteLength(told)).toBeLessThanOrEqual(1_000);
});

it('gives a schema, and checks arguments against it', async () => {
  const tool = toolThat(async () => 'done');
  expect(tool.card).toMatchObject({ needsApproval: true, parameters: { type: 'object', additionalProperties: false } });
  for (const args of [null, 'x', [], { text: 1 }, { more: 1 }, JSON.parse('{"__proto__": {"text": "x"}}')]) {
    await expect(tool.execute(args, callOf()), JSON.stringify(args)).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  }
});

it('ends work that does not listen, by time and by signal', async () => {
  const seen: unknown[] = [];
  const deaf = (signal: AbortSignal): Promise<string> => {
    signal.addEventListener('abort', () => seen.push(signal.reason));
    return new Promise(() => {});
  };
  await expect(toolThat(deaf, 5).execute({}, callOf())).rejects.toMatchObject({ code: 'TOOL_TIMEOUT' });
  const controller = new AbortController();
  const pending = toolThat(deaf).execute({}, callOf(undefined, controller.signal));
  controller.abort('enough');
  await expect(pending).rejects.toBe('enough');
  expect(seen).toMatchObject([{ code: 'TOOL_TIMEOUT' }, 'enough']);
});

it('makes foreign errors ours', async () => {
  await expect(toolThat(() => Promise.reject(new TypeError('odd'))).execute({}, callOf())).rejects.toMatchObject({
    code: 'TOOL_FAILED',
    message: 'odd',
  });
});

it('cuts bytes into lines wherever the chunks end', () => {
  const text = 'one\n\ntwo é three\nfour';
  for (const size of [1, 2, 5, 100]) {
    const lines = createLines(20);
    const got: string[] = [];
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) got.push(...lines.add(bytes.subarray(at, at + size)));
    expect(got, `${size}`).toEqual(['one', '', 'two é three']);
  }
  const lines = createLines(20);
  lines.add(Buffer.alloc(15));
  expect(() => lines.add(Buffer.alloc(15))).toThrow(/more than 20 bytes/);
});
