import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, seededRandom, systemClock } from '@openclaw-runtime/kit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMachine, type McpServerOptions, type OpenHouseTools, openHouseTools } from '../src/index.ts';
import { replyWithDefaults } from '../src/mcp/elicitation.ts';
import { createListCheck } from '../src/mcp/list-limits.ts';
import type { ListedTool } from '../src/mcp/listed-tool.ts';
import { checkOwnIssuer } from '../src/mcp/own-issuer.ts';
import { tellResult } from '../src/mcp/told.ts';
import { callOf } from './call.ts';

// They start programs, some of them several.
vi.setConfig({ testTimeout: 60_000 });

const PEER = join(import.meta.dirname, 'mcp-peer.ts');

describe('what an MCP server says is bounded', () => {
  let folder: string;
  let notes: string[];
  let open: OpenHouseTools[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-mcp-'));
    notes = [];
    open = [];
  });
  afterEach(async () => {
    for (const tools of open) await tools.close();
    await rm(folder, { recursive: true });
  });

  const hasty: Clock = { ...systemClock, after: (ms, fn) => systemClock.after(ms <= 500 ? ms / 20 : ms, fn) };
  const tool = (name: string, more: object = {}): object => ({ name, inputSchema: { type: 'object' }, ...more });

  async function openPeer(listed: readonly object[] | string, options: Partial<McpServerOptions> = {}): Promise<OpenHouseTools> {
    await writeFile(join(folder, 'tools.json'), typeof listed === 'string' ? listed : JSON.stringify(listed));
    const peer = { kind: 'stdio', command: process.execPath, args: [PEER, folder], ...options } as McpServerOptions;
    const machine = createMachine({ PATH: process.env.PATH, HOME: folder }, seededRandom(1));
    const note = (text: string): void => void notes.push(text);
    const tools = await openHouseTools({ calc: false, mcp: { peer } }, { clock: hasty, random: seededRandom(1), machine, note });
    open.push(tools);
    return tools;
  }

  const call = (tools: OpenHouseTools, name: string, args: unknown = {}): Promise<string> =>
    tools.find(`mcp.peer.${name}`)?.execute(args, callOf()) ?? Promise.reject(new Error(`no ${name}`));

  it.each([
    ['more tools than anybody could use', JSON.stringify(Array.from({ length: 513 }, (_, i) => tool(`t${i}`))), /lists 513 tools/],
    ['descriptions without end', JSON.stringify([tool('t', { description: 'x'.repeat(2_200_000) })]), /takes more than 2097152 characters/],
    [
      'parameters that are nested deeper than anybody looks',
      `[{"name":"t","inputSchema":{"type":"object","properties":${'{"a":'.repeat(100)}{}${'}'.repeat(100)}}}]`,
      /nested deeper than 64/,
    ],
  ])('a list: %s', async (_, listed, why) => {
    const tools = await openPeer(listed);
    expect(tools.list()).toEqual([]);
    expect(tools.servers()).toMatchObject([{ phase: 'waiting', why: expect.stringMatching(why) }]);
    expect(Math.max(...notes.map((note) => note.length))).toBeLessThan(2_500);
  });

  it('a description is cut, parameters that are too long leave their tool out', async () => {
    const listed = [
      tool('long', { description: 'x'.repeat(10_000) }),
      tool('wide', { inputSchema: { type: 'object', description: 'x'.repeat(70_000) } }),
    ];
    const tools = await openPeer(listed);
    expect(tools.list().map(({ card }) => [card.name, card.description?.length])).toEqual([['mcp.peer.long', 4_096]]);
    expect(notes).toEqual([expect.stringMatching(/^A tool of the MCP server peer is left out: the parameters of wide take more/)]);
  });

  it('a result that is nested without end fails its call or is told of, and the server is there for the next', async () => {
    const tools = await openPeer([tool('deep'), tool('echo')]);
    const told = await call(tools, 'deep').catch((error: unknown) => error);
    if (typeof told === 'string') expect(told.length).toBeLessThan(70_000);
    else expect(told).toMatchObject({ code: 'TOOL_FAILED' });
    expect(await call(tools, 'echo', { words: 'still there' })).toMatch(/^still there/);
  });

  it('answers with defaults where that is configured, declines what has none, and else cannot be asked', async () => {
    const listed = [tool('asks')];
    const defaults = await openPeer(listed, { elicitation: 'defaults' });
    expect(JSON.parse(await call(defaults, 'asks', { words: 'size' }))).toEqual({ action: 'accept', content: { size: 30, loud: true } });
    expect(JSON.parse(await call(defaults, 'asks', { words: 'name' }))).toEqual({ action: 'decline' });
    await call(defaults, 'asks', { words: 'name' });
    expect(notes).toEqual(['The MCP server peer asked something that has no defaults, and was declined: Which one?']);
    expect(await call(await openPeer(listed), 'asks')).toMatch(/Method not found/);
  });

  it('asks a person about those that do not say they only read, where that is configured', async () => {
    const listed = [tool('reads', { annotations: { readOnlyHint: true } }), tool('writes')];
    const asked = async (approve?: 'always' | 'writes' | 'never'): Promise<readonly boolean[]> =>
      (await openPeer(listed, approve === undefined ? {} : { approve })).list().map(({ card }) => card.needsApproval);
    expect(await asked()).toEqual([false, false]);
    expect(await asked('never')).toEqual([false, false]);
    expect(await asked('writes')).toEqual([false, true]);
    expect(await asked('always')).toEqual([true, true]);
  });
});

describe('limits by themselves', () => {
  const listed = (inputSchema: Readonly<Record<string, unknown>>): ListedTool => ({ name: 't', inputSchema });

  it('look at no depth that could overwhelm them', () => {
    let deep: Readonly<Record<string, unknown>> = {};
    for (let i = 0; i < 100_000; i++) deep = { deep };
    expect(() => createListCheck()([listed(deep)])).toThrow(/nested deeper/);
    expect(() => createListCheck()([listed({ a: { b: [1, 'two', null] } })])).not.toThrow();
    let structuredContent: unknown = 1;
    for (let i = 0; i < 100_000; i++) structuredContent = { structuredContent };
    // Told or said to be too deep, as the engine can: not thrown.
    expect(tellResult({ structuredContent }).length).toBeGreaterThan(0);
  });

  it('count all that is said of all tools', () => {
    const many = Array.from({ length: 40 }, () => listed({ words: Array.from({ length: 20_000 }, () => 'x') }));
    expect(() => createListCheck()(many)).toThrow(/takes more than 2097152 characters/);
  });

  it('a form is answered by its defaults only, and a page in a browser not at all', () => {
    const schema = { properties: { a: { default: 'x' }, b: { default: ['y'] }, c: {}, d: { default: { no: 'answer' } } } };
    expect(replyWithDefaults({ requestedSchema: schema })).toEqual({ action: 'accept', content: { a: 'x', b: ['y'] } });
    expect(replyWithDefaults({ requestedSchema: { ...schema, required: ['d'] } })).toEqual({ action: 'decline' });
    expect(replyWithDefaults({ mode: 'url' })).toEqual({ action: 'decline' });
    expect(replyWithDefaults({})).toEqual({ action: 'accept', content: {} });
  });

  it('an authorization server of the older kind is the server itself, wholly', () => {
    const own = {
      issuer: 'https://a.test/oauth',
      authorization_endpoint: 'https://a.test/oauth/authorize',
      token_endpoint: 'https://a.test/oauth/token',
      response_types_supported: ['code'],
    };
    const found = { authorizationServerUrl: 'https://a.test/', authorizationServerMetadata: own };
    expect(() => checkOwnIssuer('https://a.test/mcp', found)).not.toThrow();
    const resourceMetadata = { resource: 'https://a.test/mcp', authorization_servers: ['https://a.test/'] };
    expect(() => checkOwnIssuer('https://a.test/mcp', { ...found, resourceMetadata })).toThrow(/says it is another/);
    for (const [name, place] of Object.entries({
      issuer: 'https://b.test',
      token_endpoint: 'https://b.test/token',
      registration_endpoint: 'https://b.test',
    }))
      expect(() => checkOwnIssuer('https://a.test/mcp', { ...found, authorizationServerMetadata: { ...own, [name]: place } })).toThrow();
  });
});
