import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build, type Rolldown } from 'vite';

/** A web site as people have one: it serves its page, and passes `/v1/chat` on to the server behind it. */
export interface Site extends AsyncDisposable {
  readonly url: string;
}

export async function openSite(script: string, behind: () => string): Promise<Site> {
  const code = await bundled(script);
  const server = createServer((request, response) => {
    if (request.url === '/page.js') return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(code);
    if (!request.url?.startsWith('/v1/chat'))
      return void response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><body><script type="module" src="/page.js"></script>');
    const { host: _, origin: __, ...headers } = request.headers;
    const passed = ask(`${behind()}${request.url}`, { method: request.method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bundled(script: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { conditions: ['browser', 'import', 'module', 'default'] },
    build: { write: false, minify: false, lib: { entry: script, formats: ['es'], fileName: 'page' } },
  });
  return (built as Rolldown.RolldownOutput[])[0]?.output[0].code ?? '';
}
