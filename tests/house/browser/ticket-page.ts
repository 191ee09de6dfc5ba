/** A page of an application whose own server has a key: it comes in with a ticket of that server, each time with another. */
import { type Clusters, OpenClawClient } from 'openclaw-runtime/client';

const { clusters } = globalThis as unknown as { readonly clusters: Clusters };
const client = new OpenClawClient({
  clusters,
  token: async () => (await fetch('/ticket', { method: 'POST' })).text(),
});
client.on('token', (token) => process.stdout.write(token));
await client.connect('agent://production/cluster-a');
const { text } = await client.send('Why is the sky blue?').result();
if (text !== document.querySelector('#text')?.textContent) throw new Error('What was shown is not what was said.');
client.close();
