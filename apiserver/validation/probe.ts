import {
  fieldError,
  type HTTPGetAction,
  isHttpHeaderName,
  isValidPortName,
  isValidPortNum,
  type Lifecycle,
  type LifecycleHandler,
  type Probe,
} from '../../api/index.ts';
import { checkNonnegative, type Errors, isEmpty, listOf, pushInvalid } from './field-errors.ts';

type Handler = LifecycleHandler & Pick<Probe, 'grpc'>;

const SCHEMES: readonly string[] = ['HTTP', 'HTTPS'];

/** A container's three probes. */
export interface Probes {
  readonly livenessProbe?: Probe | undefined;
  readonly readinessProbe?: Probe | undefined;
  readonly startupProbe?: Probe | undefined;
}

/** @param grace the pod's terminationGracePeriodSeconds, which a sleep must fit into. */
export function checkProbes(errors: Errors, path: string, probes: Probes, grace: number | undefined): void {
  if (probes.livenessProbe) {
    checkProbe(errors, `${path}.livenessProbe`, probes.livenessProbe, grace);
    checkOneSuccess(errors, `${path}.livenessProbe`, probes.livenessProbe);
  }
  if (probes.readinessProbe) {
    checkProbe(errors, `${path}.readinessProbe`, probes.readinessProbe, grace);
    const own = probes.readinessProbe.terminationGracePeriodSeconds;
    const at = `${path}.readinessProbe.terminationGracePeriodSeconds`;
    if (own !== undefined) errors.push(fieldError.invalid(at, own, 'must not be set for readinessProbes'));
  }
  if (probes.startupProbe) {
    checkProbe(errors, `${path}.startupProbe`, probes.startupProbe, grace);
    checkOneSuccess(errors, `${path}.startupProbe`, probes.startupProbe);
  }
}

function checkOneSuccess(errors: Errors, path: string, { successThreshold = 0 }: Probe): void {
  if (successThreshold !== 1) errors.push(fieldError.invalid(`${path}.successThreshold`, successThreshold, 'must be 1'));
}

function checkProbe(errors: Errors, path: string, probe: Probe, grace: number | undefined): void {
  checkHandler(errors, path, probe, grace);
  checkNonnegative(errors, `${path}.initialDelaySeconds`, probe.initialDelaySeconds);
  checkNonnegative(errors, `${path}.timeoutSeconds`, probe.timeoutSeconds);
  checkNonnegative(errors, `${path}.periodSeconds`, probe.periodSeconds);
  checkNonnegative(errors, `${path}.successThreshold`, probe.successThreshold);
  checkNonnegative(errors, `${path}.failureThreshold`, probe.failureThreshold);
  const own = probe.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0) {
    errors.push(fieldError.invalid(`${path}.terminationGracePeriodSeconds`, own, 'must be greater than 0'));
  }
}

export function checkLifecycle(errors: Errors, path: string, lifecycle: Lifecycle, grace: number | undefined): void {
  if (lifecycle.postStart) checkHandler(errors, `${path}.postStart`, lifecycle.postStart, grace);
  if (lifecycle.preStop) checkHandler(errors, `${path}.preStop`, lifecycle.preStop, grace);
}

/** Exactly one way of asking or acting, and that one well-formed. */
function checkHandler(errors: Errors, path: string, handler: Handler, grace: number | undefined): void {
  let found = false;
  const enter = (name: keyof Handler, check: (at: string) => void): void => {
    if (!handler[name]) return;
    const at = `${path}.${name}`;
    if (found) errors.push(fieldError.forbidden(at, 'may not specify more than 1 handler type'));
    else check(at);
    found = true;
  };
  enter('exec', (at) => {
    if (listOf(handler.exec?.command).length === 0) errors.push(fieldError.required(`${at}.command`));
  });
  enter('httpGet', (at) => checkHttpGet(errors, at, handler.httpGet));
  enter('tcpSocket', (at) => checkPort(errors, `${at}.port`, handler.tcpSocket?.port));
  enter('grpc', (at) => checkPort(errors, `${at}.port`, handler.grpc?.port));
  enter('sleep', (at) => checkSleep(errors, at, handler.sleep?.seconds, grace));
  if (!found) errors.push(fieldError.required(path, 'must specify a handler type'));
}

function checkHttpGet(errors: Errors, path: string, http: HTTPGetAction | undefined): void {
  if (!http) return;
  if (isEmpty(http.path)) errors.push(fieldError.required(`${path}.path`));
  checkPort(errors, `${path}.port`, http.port);
  if (!SCHEMES.includes(http.scheme ?? '')) errors.push(fieldError.notSupported(`${path}.scheme`, http.scheme ?? '', SCHEMES));
  for (const { name } of listOf(http.httpHeaders)) pushInvalid(errors, `${path}.httpHeaders`, name, isHttpHeaderName(name));
}

/** A port by number or by name. */
export function checkPort(errors: Errors, path: string, port: number | string | undefined): void {
  const value = port ?? 0;
  pushInvalid(errors, path, value, typeof value === 'number' ? isValidPortNum(value) : isValidPortName(value));
}

function checkSleep(errors: Errors, path: string, seconds: number | undefined, grace: number | undefined): void {
  if (grace === undefined || seconds === undefined || (seconds >= 0 && seconds <= grace)) return;
  const message = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
  errors.push(fieldError.invalid(path, seconds, message));
}
