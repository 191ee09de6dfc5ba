import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { build, type Rolldown } from 'vite';

/** A web site with a page per script, each in a bundle of its own as an application's bundler makes it. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string;
  /** The page that runs this script, whose cluster is the server at that address. */
  readonly page: (name: string, server: string) => string;
}

/**
 * What a page supplies: a place for what is written, and where clusters are. `#status` says `done`, or why not;
 * `#wrote` counts the pieces.
 */
const page = (name: string): string => `<!doctype html><meta charset="utf-8"><title>${name}</title>
<pre id="text"></pre><p id="status"></p><p id="wrote">0</p>
<script type="module">
  const [text, status, wrote] = ['text', 'status', 'wrote'].map((id) => document.getElementById(id));
  const write = (part) => { text.append(part); wrote.textContent = Number(wrote.textContent) + 1; };
  const clusters = decodeURIComponent(location.hash.slice(1));
  globalThis.process = { stdout: { write }, env: { OPENCLAW_CLUSTERS: clusters } };
  globalThis.clusters = JSON.parse(clusters);
  import('/${name}.js').then(() => { status.textContent = 'done'; }, (error) => { status.textContent = String(error); });
</script>`;

export interface PageOptions {
  /** What the application answers itself, by path. */
  readonly posts?: Readonly<Record<string, () => Promise<string>>>;
  /** The scripts are beside packages that were installed, not among the sources. */
  readonly installed?: boolean;
}

/** Bundles the scripts and serves them with their pages. */
export async function servePages(scripts: readonly string[], { posts = {}, installed = false }: PageOptions = {}): Promise<PageServer> {
  const bundles = await Promise.all(scripts.map((entry) => bundle(entry, installed ? [] : ['openclaw-source'])));
  const files = new Map(bundles.map(({ name, code }) => [`/${name}.js`, code]));
  const server = createServer(({ url = '', method }, response) => {
    const post = method === 'POST' ? posts[url] : undefined;
    if (post)
      return void post().then(
        (text) => response.end(text),
        () => response.writeHead(502).end(),
      );
    const code = files.get(url);
    const isPage = files.has(`${url}.js`);
    const type = code === undefined ? 'text/html' : 'text/javascript';
    if (code === undefined && !isPage) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(code ?? page(url.slice(1)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    page: (name, url) => `${origin}/${name}#${encodeURIComponent(JSON.stringify({ 'production/cluster-a': [url] }))}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bundle(entry: string, conditions: readonly string[]): Promise<{ readonly name: string; readonly code: string }> {
  const name = basename(entry, '.ts');
  const built = await build({
    configFile: false,
    root: dirname(entry),
    logLevel: 'error',
    resolve: { conditions: [...conditions, 'browser', 'import', 'module', 'default'] },
    build: { write: false, target: 'es2024', lib: { entry, formats: ['es'], fileName: name } },
  });
  return { name, code: (built as Rolldown.RolldownOutput[])[0]!.output[0].code };
}
