import { z } from 'zod';
import { bytes, choice, count, duration, flag, name, secret, text, url } from './field.ts';

const MILLION = 1_000_000;

/** Names of tools, with `*` for any rest of a name. */
export const patterns = z.array(name).exactOptional();
const texts = z.array(text).exactOptional();
/** Names and values, of which some are secrets. */
const values = z.record(z.string(), secret).exactOptional();

/** Tools of the house: what is not named here is off, save `calc`. */
export const toolsSchema = z.strictObject({
  calc: flag.exactOptional(),
  http: z
    .strictObject({
      allow: texts,
      deny: texts,
      ports: z.array(count(1, 65_535)).exactOptional(),
      allowAddresses: texts,
      methods: z.array(choice('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE')).exactOptional(),
      timeout: duration.exactOptional(),
      maxBytes: bytes.exactOptional(),
    })
    .exactOptional(),
  fs: z
    .strictObject({
      writable: flag.exactOptional(),
      timeout: duration.exactOptional(),
      maxFileBytes: bytes.exactOptional(),
      maxFiles: count(1, MILLION).exactOptional(),
      maxTotalBytes: bytes.exactOptional(),
    })
    .exactOptional(),
  shell: z
    .strictObject({
      programs: z.array(name),
      path: texts,
      env: values,
      network: flag.exactOptional(),
      readable: texts,
      unsandboxed: flag.exactOptional(),
      timeout: duration.exactOptional(),
      maxOutputBytes: bytes.exactOptional(),
    })
    .exactOptional(),
  ask: patterns,
  maxResultBytes: bytes.exactOptional(),
});

/** How an MCP server with an address is logged in to; which words belong together, `resolveMcpAuth` says. */
const mcpAuthSchema = z.strictObject({
  grant: choice('person', 'machine', 'enterprise').exactOptional(),
  clientId: text.exactOptional(),
  secret: secret.exactOptional(),
  privateKey: secret.exactOptional(),
  algorithm: text.exactOptional(),
  issuer: url('http', 'https').exactOptional(),
  scope: text.exactOptional(),
  clientMetadataUrl: url('https').exactOptional(),
  redirectPort: count(1, 65_535).exactOptional(),
  provider: z
    .strictObject({
      issuer: url('http', 'https').exactOptional(),
      tokenEndpoint: url('http', 'https').exactOptional(),
      clientId: text.exactOptional(),
      secret: secret.exactOptional(),
      idToken: secret.exactOptional(),
    })
    .exactOptional(),
});

/** An MCP server: a program of this machine, or an address. */
export const mcpServerSchema = z.strictObject({
  command: text.exactOptional(),
  args: texts,
  env: values,
  cwd: text.exactOptional(),
  url: url('http', 'https').exactOptional(),
  headers: values,
  auth: mcpAuthSchema.exactOptional(),
  approve: choice('always', 'writes', 'never').exactOptional(),
  elicitation: choice('none', 'defaults').exactOptional(),
  pin: text.exactOptional(),
  tools: patterns,
  timeout: duration.exactOptional(),
  startTimeout: duration.exactOptional(),
});
