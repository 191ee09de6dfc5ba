/** Text as it is written, word by word: the sample as it is written down; below it a run, so that there is something to show. */
import { OpenClawClient } from 'openclaw-runtime/client';

// OpenClaw Client SDK
const client = new OpenClawClient({
  streaming: true,
  tokenInterval: 50, // 每隔 50ms 遞送一個 token
  autoReconnect: true
});
client.on('token', (token) => {
  process.stdout.write(token); // 即時顯示
});
await client.connect('agent://production/cluster-a');

await client.send('Why is the sky blue?').result();
client.close();
