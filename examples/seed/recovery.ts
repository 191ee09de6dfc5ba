/** A connection that drops: the sample as it is written down; around it a client whose reconnection is its own affair, and a run. */
import { OpenClawClient } from 'openclaw-runtime/client';

const client = new OpenClawClient({ autoReconnect: false });
client.on('token', (token) => {
  process.stdout.write(token);
});

client.on('error', (error) => {
  if (error.code === 'STREAM_DISCONNECTED') {
    client.reconnect(); // 自動重連
  }
});
client.on('reconnect', (attempt) => {
  console.log(`Reconnecting... Attempt ${attempt}`);
});

await client.connect('agent://production/cluster-a');
await client.send('Why is the sky blue?').result();
client.close();
