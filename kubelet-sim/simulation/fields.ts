// What scripts say, in the words of annotations (`simulation.nanokube.io/start-delay: 5s`) and of policies (`startDelay: 5s`): the same words.
import { parseQuantity, QuantityError } from '../../api/index.ts';
import { parseDuration } from '../../runtime/index.ts';
import type { NodeFaults } from '../node/node-faults.ts';
import { periodsOf, type ShutdownPeriod } from '../node/shutdown.ts';
import type { ContainerBehaviour, LoadCurve } from '../runtime/cri.ts';
import type { PullBehaviour } from '../runtime/image-service.ts';

/** A word that makes no sense. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/** Texts by field, in camel case. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** How a pod is to behave. */
export interface PodScript {
  /** Names of the containers it is about; all unless given. */
  readonly containers?: readonly string[] | undefined;
  readonly behaviour: ContainerBehaviour;
  /** A chance of ending with a code, some time after each start. */
  readonly crash?: { readonly probability: number; readonly withinMs: number; readonly code: number } | undefined;
  /** Whatever its probes say; or ready and not in turn. */
  readonly ready?: boolean | { readonly readyMs: number; readonly notReadyMs: number } | undefined;
  readonly pull?: PullBehaviour | undefined;
}

/** What a script does to a node: faults while it holds, and things that are done once for each new text. */
export interface NodeScript {
  readonly faults: NodeFaults;
  readonly reboot?: string | undefined;
  readonly shutdown?: { readonly text: string; readonly periods: readonly ShutdownPeriod[] } | undefined;
}

const EXIT_CODE_DEFAULT = '1';
const CRASH_WITHIN_DEFAULT = '1m';

/** @throws ScriptError */
export function readPodScript(fields: Fields): PodScript {
  const { containers, crashProbability, exitCode = EXIT_CODE_DEFAULT } = fields;
  const code = integerOf('exitCode', exitCode);
  return {
    ...(containers ? { containers: containers.split(',').map((name) => name.trim()) } : {}),
    behaviour: behaviourOf(fields, code),
    ...(crashProbability === undefined
      ? {}
      : {
          crash: {
            probability: numberOf('crashProbability', crashProbability),
            withinMs: durationOf('crashWithin', fields.crashWithin ?? CRASH_WITHIN_DEFAULT),
            code,
          },
        }),
    ...(fields.ready === undefined ? {} : { ready: readyOf(fields.ready) }),
    ...(fields.imagePullError === undefined && fields.imagePullDelay === undefined ? {} : { pull: pullOf(fields) }),
  };
}

function behaviourOf(fields: Fields, code: number): ContainerBehaviour {
  const { startDelay, exitAfter, stopDelay, ignoreTerm, cpu, memory, logLine, logRate } = fields;
  return {
    ...(startDelay === undefined ? {} : { startDelayMs: durationOf('startDelay', startDelay) }),
    ...(exitAfter === undefined ? {} : { exitAfter: exitAfter === 'never' ? exitAfter : { ms: durationOf('exitAfter', exitAfter), code } }),
    ...(stopDelay === undefined ? {} : { stopDelayMs: durationOf('stopDelay', stopDelay) }),
    ...(ignoreTerm === undefined ? {} : { ignoresTerm: flagOf('ignoreTerm', ignoreTerm) }),
    ...(cpu === undefined ? {} : { cpuMillis: curveOf('cpu', cpu, (quantity) => quantity.milli()) }),
    ...(memory === undefined ? {} : { memoryBytes: curveOf('memory', memory, (quantity) => quantity.value()) }),
    ...(logRate === undefined && logLine === undefined
      ? {}
      : { logLines: { text: logLine ?? 'a line of the log', perSecond: numberOf('logRate', logRate ?? '1') } }),
  };
}

function pullOf({ imagePullError, imagePullDelay }: Fields): PullBehaviour {
  return {
    ...(imagePullError === undefined ? {} : { error: imagePullError }),
    ...(imagePullDelay === undefined ? {} : { delayMs: durationOf('imagePullDelay', imagePullDelay) }),
  };
}

/** `never`, `always`, or `10s/5s`: ready for so long, then not. */
function readyOf(text: string): boolean | { readyMs: number; notReadyMs: number } {
  if (text === 'never' || text === 'always') return text === 'always';
  const [ready, notReady, more] = text.split('/');
  if (ready === undefined || notReady === undefined || more !== undefined) throw wrong('ready', 'never, always or 10s/5s', text);
  return { readyMs: durationOf('ready', ready), notReadyMs: durationOf('ready', notReady) };
}

type Quantity = ReturnType<typeof parseQuantity>;

/** `500m`, or points in time, `0s=100m, 30s=1`, that may begin again: `0s=100m, 30s=1 / 1m`. */
function curveOf(name: string, text: string, figure: (quantity: Quantity) => number): LoadCurve {
  const [list = '', period] = text.split('/');
  const points = list.split(',').map((part) => {
    const [at, value] = part.includes('=') ? part.split('=', 2) : ['0s', part];
    return { atMs: durationOf(name, at?.trim() ?? ''), value: figure(quantityOf(name, value?.trim() ?? '')) };
  });
  return { points: points.sort((a, b) => a.atMs - b.atMs), ...(period === undefined ? {} : { periodMs: durationOf(name, period.trim()) }) };
}

/** @throws ScriptError */
export function readNodeScript(fields: Fields): NodeScript {
  const { stopHeartbeats, networkCut, down, diskUsed, memoryUsed, processes, clockSkew, reboot, shutdown } = fields;
  for (const [name, text] of Object.entries({ diskUsed, memoryUsed }))
    if (text !== undefined && !/^[\d.]+%$/.test(text)) quantityOf(name, text);
  return {
    faults: {
      ...(stopHeartbeats === undefined ? {} : { stopHeartbeats: flagOf('stopHeartbeats', stopHeartbeats) }),
      ...(networkCut === undefined ? {} : { networkCut: flagOf('networkCut', networkCut) }),
      ...(down === undefined ? {} : { down: flagOf('down', down) }),
      ...(diskUsed === undefined ? {} : { diskUsed }),
      ...(memoryUsed === undefined ? {} : { memoryUsed }),
      ...(processes === undefined ? {} : { processes: integerOf('processes', processes) }),
      ...(clockSkew === undefined ? {} : { clockSkewMs: skewOf(clockSkew) }),
    },
    ...(reboot === undefined ? {} : { reboot }),
    ...(shutdown === undefined ? {} : { shutdown: { text: shutdown, periods: shutdownOf(shutdown) } }),
  };
}

const skewOf = (text: string): number => (text.startsWith('-') ? -durationOf('clockSkew', text.slice(1)) : durationOf('clockSkew', text));

/** `30s` for all pods, `30s,10s`: the latter for critical ones, or `0=30s,1000=20s`: for those of this priority and more. */
function shutdownOf(text: string): ShutdownPeriod[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part.includes('='))) return parts.map(periodOf);
  const [ordinary = '', critical = '0s'] = parts;
  return periodsOf(durationOf('shutdown', ordinary) / 1000, durationOf('shutdown', critical) / 1000);
}

function periodOf(text: string): ShutdownPeriod {
  const [priority = '', period = ''] = text.split('=', 2);
  if (!/^-?\d+$/.test(priority)) throw wrong('shutdown', 'priorities with periods, such as 0=30s,1000=20s', text);
  return { priority: Number(priority), seconds: durationOf('shutdown', period) / 1000 };
}

const wrong = (name: string, wanted: string, text: string): ScriptError => new ScriptError(`${name} takes ${wanted}, not "${text}"`);

function durationOf(name: string, text: string): number {
  const ms = text === '0' ? 0 : parseDuration(text);
  if (ms === undefined || ms < 0) throw wrong(name, 'a duration such as 10s', text);
  return ms;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw wrong(name, 'a number', text);
  return value;
}

function integerOf(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw wrong(name, 'a whole number', text);
  return Number(text);
}

function flagOf(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw wrong(name, 'true or false', text);
  return text === 'true';
}

function quantityOf(name: string, text: string): Quantity {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) throw wrong(name, 'a quantity such as 500m or 64Mi', text);
    throw error;
  }
}

export const ANNOTATION_PREFIX = 'simulation.nanokube.io/';

/** The fields in an object's annotations; undefined when there are none, as with nearly all. */
export function annotatedFields(annotations: Readonly<Record<string, string>> | undefined): Fields | undefined {
  let fields: Record<string, string> | undefined;
  for (const key in annotations) {
    const text = annotations[key];
    if (text === undefined || !key.startsWith(ANNOTATION_PREFIX)) continue;
    fields ??= {};
    fields[key.slice(ANNOTATION_PREFIX.length).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = text;
  }
  return fields;
}
