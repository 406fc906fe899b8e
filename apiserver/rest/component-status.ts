// ComponentStatuses: not kept but made when they are asked for. Upstream: `pkg/registry/core/componentstatus/rest.go`, `validator.go`.
import { existsSync, readFileSync } from 'node:fs';
import https from 'node:https';
import { apiError, type ComponentStatus } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { StoreProbe } from '../store-probe.ts';
import { Entry } from '../watch-cache/entry.ts';
import { servedJson } from './encoder.ts';
import { readListOptions } from './list-options.ts';
import { acceptList, sendList } from './list-writer.ts';
import type { Endpoint, Handler } from './rest.ts';

/** What one component says of itself. */
export interface ComponentHealth {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly message?: string | undefined;
  readonly error?: string | undefined;
}

/** A part of the control plane that can be asked how it is. */
export interface Component {
  readonly name: string;
  check(): Promise<ComponentHealth>;
}

/** How long a component may take to answer; upstream's `probeTimeOut`. */
const PROBE_MS_MAX = 20_000;
const ANSWER_BYTES_MAX = 10 * 1024;
/** What errors call the kind. */
const IN_ERRORS = { group: '', resource: 'componentstatus' };

/**
 * Where components really serve their health: `up` writes it when the usual ports were taken, and again when one is started again.
 *
 * @param file JSON of a mapping from names to ports; undefined, or not there, when they have the usual ones.
 */
function portOf(file: string | undefined, name: string, usual: number): number {
  if (file === undefined || !existsSync(file)) return usual;
  const ports: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const port = typeof ports === 'object' && ports !== null ? new Map(Object.entries(ports)).get(name) : undefined;
  return typeof port === 'number' ? port : usual;
}

/** A component on this machine that serves its health: the scheduler, the controller manager. */
export const localComponent = (name: string, portNow: () => number, clock: Clock): Component => ({
  name,
  check: async () => {
    const port = portNow();
    const url = `https://127.0.0.1:${port}/healthz`;
    try {
      const { status, text } = await ask(url, clock);
      return { status: status >= 200 && status < 400 ? 'True' : 'False', message: text };
    } catch (error) {
      return { status: 'False', message: `Get "${url}": ${inGo(error, port)}` };
    }
  },
});

/** The store, as one of the etcd members that upstream asks. */
const storeComponent = (name: string, probe: StoreProbe): Component => ({
  name,
  check: () =>
    probe().then(
      () => ({ status: 'True', message: 'ok' }),
      (error: unknown) => ({ status: 'Unknown', error: error instanceof Error ? error.message : String(error) }),
    ),
});

/** Where upstream's processes serve their health, on the machine of the API server. */
const SCHEDULER_PORT = 10_259;
const CONTROLLER_MANAGER_PORT = 10_257;

/**
 * The parts that upstream tells of.
 *
 * @param file as {@link portOf}'s.
 * @param probes of the members of etcd, one for each.
 */
export function componentsOf({ file, probes, clock }: ComponentParts): readonly Component[] {
  const local = (name: string, port: number) => localComponent(name, () => portOf(file, name, port), clock);
  return [
    local('scheduler', SCHEDULER_PORT),
    local('controller-manager', CONTROLLER_MANAGER_PORT),
    ...probes.map((probe, i) => storeComponent(`etcd-${i}`, probe)),
  ];
}

export interface ComponentParts {
  readonly file: string | undefined;
  readonly probes: readonly StoreProbe[];
  readonly clock: Clock;
}

/** Answers reads of the kind. */
export const componentStatusHandlers = (components: readonly Component[]): { readonly get: Handler; readonly list: Handler } => ({
  get: async (rest, exchange, { resource }) => {
    const component = components.find(({ name }) => name === exchange.info.name);
    if (!component) throw apiError.notFound(IN_ERRORS, exchange.info.name);
    rest.encoder.object(exchange, resource, 200, servedJson(await statusOf(component)));
  },
  list: async (rest, exchange, endpoint) => {
    const { resource } = endpoint;
    const accepted = acceptList(exchange, resource, rest.negotiator.list(exchange.accept, resource.type));
    const { selection } = readListOptions(exchange, resource, false);
    const all = await Promise.all(components.map(async (component) => entryOf(endpoint, await statusOf(component))));
    const entries = all.filter((entry) => selection.matches(entry));
    await sendList(rest, exchange, resource, { accepted, page: { revision: undefined, entries, continue: '', remaining: undefined } });
  },
});

async function statusOf({ name, check }: Component): Promise<ComponentStatus> {
  const { status, message, error } = await check();
  const condition = { type: 'Healthy', status, ...(message ? { message } : {}), ...(error ? { error } : {}) };
  return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] };
}

/** An object that was never stored, for those who write lists. */
const entryOf = ({ resource }: Endpoint, object: ComponentStatus): Entry =>
  new Entry(resource.cache.schema, { key: resource.prefix + object.metadata.name, revision: 0 }, { served: servedJson(object) });

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Certificates are not looked at, as upstream. */
function ask(url: string, clock: Clock): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = https.get(url, { rejectUnauthorized: false, agent: false });
    const timer = clock.setTimer(PROBE_MS_MAX, () => request.destroy(new Error('context deadline exceeded')));
    request.on('close', () => timer.cancel());
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString();
        resolve({ status: response.statusCode ?? 0, text });
      });
    });
  });
}

/** What Go says of a call that failed. */
function inGo(error: unknown, port: number): string {
  if (!(error instanceof Error)) return String(error);
  const refused = 'code' in error && error.code === 'ECONNREFUSED';
  return refused ? `dial tcp 127.0.0.1:${port}: connect: connection refused` : error.message;
}
