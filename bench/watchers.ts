/**
 * What watchers cost: `npm run bench -- watchers [--idle 10000] [--updates 1000]`. The API server runs in a process of its own, a new one for each part. First that many watches
 * are opened on which nothing happens, and its memory is read, in HTTP/2 and in HTTP/1.1; then a thousand pods change while thirty watchers read, first alone, then beside
 * ten that have stopped reading. Prints both.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import https from 'node:https';
import { parseArgs } from 'node:util';
import { type BenchServer, parallel, startServer } from './support/server.ts';

const { values } = parseArgs({
  options: {
    idle: { type: 'string', default: '10000' },
    updates: { type: 'string', default: '1000' },
    watchers: { type: 'string', default: '30' },
  },
});
const OPENING_AT_ONCE = 32;
const SLOW = 10;
const CONNECTIONS = 32;
const PODS = '/api/v1/namespaces/bench/pods';
/** So that three rounds are more than waits for a watcher before it is dropped. */
const NOTE_BYTES = 12_000;
const WATCH = `${PODS}?watch=1&resourceVersionMatch=NotOlderThan&sendInitialEvents=false&timeoutSeconds=3600`;

await onServer((server) => idleWatchers(server, Number(values.idle), together(server)));
await onServer((server) => idleWatchers(server, Number(values.idle), alone(server)));
await onServer((server) => slowReaders(server, Number(values.updates), Number(values.watchers)));

/** Each part has a server of its own: memory that another one used would be counted. */
async function onServer(part: (server: BenchServer) => Promise<void>): Promise<void> {
  const server = await startServer();
  try {
    await part(server);
  } finally {
    await server.stop();
  }
}

/** Opens a watch on which nothing happens; ends it when it is called. */
type OpenIdle = { readonly name: string; open(path: string): Promise<() => void> };

/** Memory of watches on which nothing happens. */
async function idleWatchers(target: BenchServer, count: number, { name, open }: OpenIdle): Promise<void> {
  const before = await target.residentMb();
  const ends: (() => void)[] = [];
  let left = count;
  const openSome = async () => {
    while (left-- > 0) ends.push(await open('/api/v1/namespaces/quiet/configmaps?watch=1&timeoutSeconds=3600'));
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, openSome));
  const took = performance.now() - begun;
  const after = await target.residentMb();
  const kb = (((after - before) * 1024) / count).toFixed(1);
  console.log(
    `${count} idle watchers, ${name}: opened in ${(took / 1000).toFixed(1)} s, ${before} MB before, ${after} MB with them: ${kb} KB each`,
  );
  for (const end of ends) end();
}

/** Each on a connection of HTTP/1.1 of its own. */
function alone(target: BenchServer): OpenIdle {
  return {
    name: 'HTTP/1.1',
    open: async (path) => {
      const answer = await watch(target, path, () => undefined);
      return () => answer.destroy();
    },
  };
}

/** As client-go's: a hundred on each connection of HTTP/2. */
function together({ url, headers }: BenchServer): OpenIdle {
  const streams = 100;
  let session: ClientHttp2Session | undefined;
  let opened = 0;
  return {
    name: 'HTTP/2',
    open: async (path) => {
      if (!session || opened % streams === 0) session = connect(url, { rejectUnauthorized: false });
      opened++;
      const mine = session;
      const stream = mine.request({ ':path': path, ...headers });
      const [answer] = await once(stream, 'response');
      if (answer[':status'] !== 200) throw new Error(`the watch was answered ${answer[':status']}`);
      return () => mine.destroy();
    },
  };
}

/** Events a second to those that read, without and with others that do not. */
async function slowReaders(target: BenchServer, updates: number, watchers: number): Promise<void> {
  await target.request('POST', '/api/v1/namespaces', { metadata: { name: 'bench' } });
  const spec = { nodeName: 'n1', containers: [{ name: 'web', image: 'web' }] };
  await target.request('POST', '/api/v1/namespaces/bench/serviceaccounts', {
    metadata: { name: 'default' },
    automountServiceAccountToken: false,
  });
  await parallel(updates, CONNECTIONS, (i) => target.request('POST', PODS, { metadata: { name: `p-${i}` }, spec }));
  let seen = 0;
  const fast: IncomingMessage[] = [];
  for (let i = 0; i < watchers; i++) fast.push(await watch(target, WATCH, (events) => (seen += events)));
  let round = 0;
  const measure = async (what: string) => {
    round++;
    seen = 0;
    const begun = performance.now();
    const note = 'x'.repeat(NOTE_BYTES);
    await parallel(updates, CONNECTIONS, (i) =>
      target.request('PATCH', `${PODS}/p-${i}`, { metadata: { annotations: { round: String(round), note } } }),
    );
    while (seen < updates * watchers) await new Promise((resolve) => setTimeout(resolve, 2));
    const perSecond = Math.round((seen * 1000) / (performance.now() - begun));
    console.log(`${what}: ${perSecond} events/s to ${watchers} watchers, ${await target.residentMb()} MB`);
  };
  await measure('warm up');
  await measure('nobody slow');
  const slow: IncomingMessage[] = [];
  for (let i = 0; i < SLOW; i++) slow.push(stopped(await watch(target, WATCH, () => undefined)));
  await measure(`${SLOW} that do not read`);
  await measure(`${SLOW} that do not read, again`);
  await measure('and once more');
  console.log(`watches dropped for not reading: ${await target.metric('apiserver_terminated_watchers_total')}`);
  for (const answer of [...fast, ...slow]) answer.destroy();
}

/** Reads no more, neither the answer nor what the connection brings. */
function stopped(answer: IncomingMessage): IncomingMessage {
  answer.pause();
  answer.socket.pause();
  return answer;
}

/** Opens a watch and counts its lines. */
async function watch({ url, headers }: BenchServer, path: string, count: (events: number) => void): Promise<IncomingMessage> {
  const request = https.get(new URL(path, url), { agent: false, headers, rejectUnauthorized: false });
  const [answer] = await once(request, 'response');
  if (answer.statusCode !== 200) throw new Error(`the watch was answered ${answer.statusCode}`);
  answer.on('error', () => undefined);
  answer.on('data', (chunk: Buffer) => {
    let events = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) events++;
    count(events);
  });
  return answer;
}
