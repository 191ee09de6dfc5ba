/** A client that connects again by itself, five times at most: the sample as it is written down; below it what comes of that. */
import { OpenClawClient } from 'openclaw-runtime/client';

const client = new OpenClawClient({
  autoReconnect: true,
  maxReconnectAttempts: 5,
  reconnectDelay: 1000 // 指數退避
});

client.on('token', (token) => {
  process.stdout.write(token);
});
client.on('error', (error) => {
  console.log(error.code);
});
client.on('reconnect', (attempt) => {
  console.log(`attempt ${attempt}`);
});
client.on('reconnected', (attempt) => {
  console.log(`connected at attempt ${attempt}`);
});
try {
  await client.connect('agent://production/cluster-a');
  await client.send('Why is the sky blue?').result();
} catch {
  console.log('gave up');
}
client.close();
