/**
 * Requests that nobody in his right mind sends, thousands of them, against a whole API server: it answers each with a Status that blames the
 * right side, changes nothing when it says no, and lives. The same ones each time, so that a change is judged by what it does;
 * NANOKUBE_FUZZ_REQUESTS and NANOKUBE_FUZZ_SEED make others, and NANOKUBE_LONG_RUN new ones each time.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { basePathOf, type KubeObject } from '../../api/index.ts';
import { BUILT_IN_KINDS } from '../../api/schema.ts';
import { apiServerOptions, composeApiServer } from '../../apiserver/index.ts';
import { loadKubeconfig } from '../../client/index.ts';
import { type Clock, parseOptions, seededRandom, silentLogger, systemClock } from '../../runtime/index.ts';
import { seedObject } from '../support/fuzz-seeds.ts';
import { type FuzzedRequest, RequestFuzzer } from '../support/request-fuzzer.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const REQUESTS = Number(process.env.NANOKUBE_FUZZ_REQUESTS ?? 2500);
const NEW_SEED = process.env.NANOKUBE_LONG_RUN ? Math.floor(systemClock.now() / 1000) % 1_000_000 : 321_607;
const SEED = Number(process.env.NANOKUBE_FUZZ_SEED ?? NEW_SEED);
/** A watch that was let in is left after so long. */
const WATCH_MS = 20;
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
/** An answer that takes longer is none. */
const ANSWER_MS_MAX = 60_000;
/** No request waits for longer; the server's own work comes round more seldom. */
const WAIT_MS_MAX = 5000;
const NEVER_MS = 2 ** 40;

/** Answers with code 500 that upstream gives too, by their message. */
const UPSTREAM_500: readonly RegExp[] = [
  /^resourceVersion should not be set on objects to be created$/,
  // A resource version that is no number.
  /^(?:resourceVersion: Invalid value: ".*": )?strconv\.ParseUint: parsing /,
  // Delete options that cannot be read: no Status error is made of what the decoder says.
  /^couldn't get version\/kind; json parse error: /,
  /^yaml: /,
  /^empty (?:body|data)$/,
  /^provided data does not appear to be a protobuf message/,
  /^no kind ".*" is registered for version /,
  /^json: cannot unmarshal /,
  // Protobuf that is none, where options are read.
  /^unexpected EOF$/,
  /^proto: /,
  // What upstream's strategic merge says without a code of its own.
  /^list element types are not identical: /,
  /^unknown patch type: /,
  /^unable to find api field in struct \w+ for the json field /,
  // What is applied, or what is there, and does not fit the schema: a plain error of structured merge.
  /^failed to create (?:typed (?:patch|live) object \(|manager for existing fields: )/,
  // A runtime class without a name is looked up all the same, and so is a role of a kind that there is not.
  /^resource name may not be empty$/,
  /^unsupported role reference kind: /,
  // A binding's errors are an aggregate.
  /^target\.(?:name|kind): /,
  // A node without addresses cannot be proxied to.
  /^no preferred addresses found; known addresses: \[\]$/,
];

interface Answer {
  readonly status: number;
  readonly text: string;
}

test(`bad requests (seed ${SEED})`, { timeout: 300_000 + REQUESTS * 20 }, async () => {
  await using server = await startServer();
  await seed(server);
  const fuzzer = new RequestFuzzer(seededRandom(SEED));
  let samples = await samplesOf(server);
  // What there is nothing of is hardly asked for.
  expect([...samples].filter(([, objects]) => objects.length === 0).map(([path]) => path)).toEqual([]);
  let revision = await revisionOf(server);
  const wrong: string[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const request = fuzzer.next(samples);
    const answer = await server.send(request);
    const complaint = complaintOf(request, answer);
    if (complaint) wrong.push(`${complaint}: ${describe(request, answer)}`);
    if (READING.has(request.method)) continue;
    const now = await revisionOf(server);
    if (now !== revision && answer.status >= 400) wrong.push(`changed something though it refused: ${describe(request, answer)}`);
    revision = now;
    if (i % 100 === 0) {
      await seed(server);
      samples = await samplesOf(server);
      revision = await revisionOf(server);
    }
  }
  expect(wrong.slice(0, 20)).toEqual([]);
});

function complaintOf({ method }: FuzzedRequest, { status, text }: Answer): string | undefined {
  if (status < 200 || status > 504) return `answered ${status}`;
  if (status < 400 || method === 'HEAD') return undefined;
  if (!text.startsWith('{')) return undefined; // in YAML or protobuf, as it was asked for
  const body: { kind?: string; code?: number; message?: string } = JSON.parse(text);
  if (body.kind !== 'Status' || body.code !== status) return `answered ${status} with another code in the body`;
  if (status !== 500 || UPSTREAM_500.some((known) => known.test(body.message ?? ''))) return undefined;
  return 'answered 500';
}

const describe = ({ method, path, headers, body }: FuzzedRequest, { status, text }: Answer): string =>
  `${method} ${path} ${JSON.stringify(headers)} ${body?.toString().slice(0, 600) ?? ''} -> ${status} ${text.slice(0, 400)}`;

/** Objects named a, b and c of every kind that can be made: made again where they have gone. */
async function seed(server: Server): Promise<void> {
  const create = (path: string, object: object) =>
    server.send({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(object)) });
  // No controller makes the account without which there are no pods.
  await create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  for (const { info } of BUILT_IN_KINDS) {
    if (!info.verbs.includes('create') || !info.verbs.includes('get')) continue;
    const apiVersion = info.group === '' ? info.version : `${info.group}/${info.version}`;
    for (const name of ['a', 'b', 'c']) await create(collectionOf(info), seedObject(apiVersion, info.kind, name));
  }
}

const collectionOf = (info: (typeof BUILT_IN_KINDS)[number]['info']): string =>
  `${basePathOf(info)}${info.namespaced ? '/namespaces/default' : ''}/${info.resource}`;

async function samplesOf(server: Server): Promise<Map<string, KubeObject[]>> {
  const samples = new Map<string, KubeObject[]>();
  for (const { info } of BUILT_IN_KINDS) {
    if (!info.verbs.includes('list')) continue;
    const path = collectionOf(info);
    const { text } = await server.send({ method: 'GET', path: `${path}?limit=5`, headers: {} });
    const list: { items?: KubeObject[] } = JSON.parse(text);
    samples.set(
      path,
      (list.items ?? []).map((item) => ({ apiVersion: basePathOf(info).replace(/^\/apis?\//, ''), kind: info.kind, ...item })),
    );
  }
  return samples;
}

async function revisionOf(server: Server): Promise<string> {
  const { text } = await server.send({ method: 'GET', path: '/api/v1/namespaces/default/configmaps?limit=1', headers: {} });
  return JSON.parse(text).metadata.resourceVersion;
}

/** Time in which nothing that is done now and then comes up: what changes, a request has changed. */
const withoutUpkeep: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  setTimer: (delayMs, fn) => systemClock.setTimer(delayMs > WAIT_MS_MAX ? NEVER_MS : delayMs, fn),
  sleep: (delayMs, signal) => systemClock.sleep(delayMs > WAIT_MS_MAX ? NEVER_MS : delayMs, signal),
  hold: () => systemClock.hold(),
};

interface Server extends AsyncDisposable {
  send(request: FuzzedRequest): Promise<Answer>;
}

async function startServer(): Promise<Server> {
  const directory = await tempDirectory();
  const argv = [
    '--data-dir',
    directory.path,
    '--ephemeral',
    '--secure-port',
    '0',
    '--endpoint-reconciler-type',
    'none',
    '--log-level',
    'silent',
  ];
  const service = composeApiServer(parseOptions(apiServerOptions, argv).values, {
    clock: withoutUpkeep,
    random: seededRandom(SEED),
    logger: silentLogger,
  });
  await service.start();
  const { server, cert, key } = loadKubeconfig(join(directory.path, 'admin.kubeconfig'));
  const { hostname, port } = new URL(server);
  const ca = await readFile(join(directory.path, 'pki', 'ca.crt'));
  const agent = new https.Agent({ keepAlive: true, ca, cert, key });
  const send = ({ method, path, headers, body }: FuzzedRequest) =>
    new Promise<Answer>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(body.length) };
      const request = https.request({ agent, hostname, port, method, path, headers: { ...headers, ...length } });
      request.setTimeout(ANSWER_MS_MAX, () => request.destroy(new Error(`no answer to ${method} ${path} within ${ANSWER_MS_MAX} ms`)));
      request.on('error', (cause) => reject(new Error(`${method} ${path} ${JSON.stringify(headers)}: ${cause.message}`, { cause })));
      request.on('response', (response) => readAnswer(response).then(resolve, reject));
      request.end(body);
    });
  return {
    send,
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      await service.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Reads an answer whole, or the beginning of one that does not end. */
async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const leave = systemClock.setTimer(WATCH_MS, () => {
    if (response.headers['transfer-encoding'] === 'chunked' && response.statusCode === 200) response.destroy();
  });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk);
  } catch (error) {
    if (response.statusCode !== 200 || response.complete) throw error;
  } finally {
    leave.cancel();
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
}
