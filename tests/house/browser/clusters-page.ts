/** A page of an application that names its clusters itself. */
import { type Clusters, OpenClawClient } from 'openclaw-runtime/client';

const { clusters } = globalThis as unknown as { readonly clusters: Clusters };
const client = new OpenClawClient({ clusters });
client.on('token', (token) => process.stdout.write(token));
await client.connect('agent://production/cluster-a');
const run = client.send('Why is the sky blue?');
const { text } = await run.result();
if (text !== document.querySelector('#text')?.textContent) throw new Error('What was shown is not what was said.');
client.close();
