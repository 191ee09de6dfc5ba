// The store's thread: owns the data file; one request at a time, answered in order, save that pages are read when nothing else is asked for.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { systemClock } from '@openclaw-runtime/kit';
import { OpenClawError } from '@openclaw-runtime/protocol';
import { openDatabase } from './database.ts';
import { createDataFile, type DataFile } from './file.ts';
import { checkNotEmptied, openKey } from './key-file.ts';
import { type Answer, type Opened, type Reply, type Request, type ThreadData, UNKNOWN_BOOT } from './messages.ts';
import { createPriority } from './priority.ts';
import { checkWal, secureWal } from './wal-check.ts';
import { settleWal } from './wal-fit.ts';

serve(workerData as ThreadData);

function serve({ path, boot, freshSecret, life, wallMs, liveChars }: ThreadData): void {
  const port = parentPort;
  if (!port) throw new Error('the store runs in a thread of its own');
  const say = (message: Opened | Reply): void => port.postMessage(message);
  let file: DataFile;
  try {
    checkNotEmptied(path);
    if (boot !== UNKNOWN_BOOT) checkWal(path, boot);
    settleWal(path);
    secureWal(path);
    file = createDataFile(openDatabase(path, wallMs), { path, clock: systemClock, liveChars, opening: { boot, life, wallMs } });
    say({ ok: true, secret: openKey(path, freshSecret, file.hasRuns), recovered: file.recover() });
  } catch (error) {
    say({ ok: false, ...OpenClawError.from(error, 'STORE_FAILED').toBody() });
    port.close();
    return;
  }
  const reply = (request: Request): void => {
    try {
      say({ n: request.n, ok: true, answer: answer(file, request) });
    } catch (error) {
      say({ n: request.n, ok: false, ...OpenClawError.from(error, 'STORE_FAILED').toBody() });
    }
    if (request.op === 'close') port.close();
  };
  const take = createPriority(reply, systemClock);
  port.on('message', (request: Request) => take(request, () => receiveMessageOnPort(port)?.message as Request | undefined));
}

function answer(file: DataFile, request: Request): Answer {
  switch (request.op) {
    case 'commit':
      return file.commit(request.batch);
    case 'load':
      return file.load(request.key, request.after, request.maxBytes);
    case 'snapshot':
      return file.snapshot(request.key);
    case 'state':
      return file.state(request.key);
    case 'list':
      return file.list(request.tenant, request.query);
    case 'command':
      return file.hasCommand(request.key, request.id);
    case 'part':
      return file.part(request.id);
    case 'fold':
      return file.fold(request.key);
    case 'compact':
      return file.compact(request.ask);
    case 'erase':
      return file.erase(request.ask);
    case 'freeze':
      return file.freeze();
    case 'thaw':
      return file.thaw(request.rest);
    case 'close':
      file.close();
      return undefined;
  }
}
