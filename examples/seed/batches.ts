/** Text in batches, for whoever counts calls: the sample as it is written down; below it a run whose batches are printed line by line. */
import { OpenClawClient } from 'openclaw-runtime/client';

const client = new OpenClawClient({
  tokenBatchSize: 10, // 批量遞送
  tokenBatchDelay: 20 // 批次間隔
});

client.on('token', (token) => {
  process.stdout.write(`${JSON.stringify(token)}\n`);
});
await client.connect('agent://production/cluster-a');
await client.send('Why is the sky blue?').result();
client.close();
