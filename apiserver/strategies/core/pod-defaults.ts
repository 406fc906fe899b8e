import type { Container, Pod, PodSpec, PodStatus } from '../../../api/index.ts';
import { keysOf, listOf } from '../../validation/field-errors.ts';
import { aggregateContainers } from '../../validation/pod-level-resources.ts';
import { isHugePages, isOvercommitAllowed, isPodLevelResource } from '../../validation/resource-names.ts';
import { dropInitContainerAnnotations, roundAmounts, setPodSpecDefaults } from './pod-template-defaults.ts';

/** Upstream's defaulting of pods, and what its conversions mend in them. */
export function setPodDefaults(pod: Pod): void {
  const { metadata, spec, status } = pod;
  dropInitContainerAnnotations(metadata);
  setPodSpecDefaults(spec);
  // A negative grace is read as the shortest one; in templates it stays.
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = 1;
  if (spec.containers) for (const container of spec.containers) setRequests(container);
  if (spec.initContainers) for (const container of spec.initContainers) setRequests(container);
  setPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) setHostPorts(spec);
  syncPodIps(status);
  if (status) roundStatus(status);
}

/** What containers have is counted in thousandths, as what they ask for. */
function roundStatus({ containerStatuses, initContainerStatuses, ephemeralContainerStatuses }: PodStatus): void {
  for (const statuses of [containerStatuses, initContainerStatuses, ephemeralContainerStatuses]) {
    for (const { allocatedResources, resources } of listOf(statuses)) {
      for (const amounts of [allocatedResources, resources?.limits, resources?.requests]) if (amounts) roundAmounts(amounts);
    }
  }
}

/** What is limited but not requested is requested up to the limit. */
function setRequests({ resources }: Container): void {
  const limits = resources?.limits;
  if (!limits) return;
  const requests = resources.requests;
  if (!requests) resources.requests = { ...limits };
  else addMissing(requests, Object.entries(limits));
}

/** Adds what is not there, and keeps the order of names. */
function addMissing(amounts: Record<string, string>, others: Iterable<readonly [string, string]>): void {
  let added = false;
  for (const [name, amount] of others) {
    if (amounts[name] !== undefined) continue;
    amounts[name] = amount;
    added = true;
  }
  if (!added) return;
  for (const [name, amount] of Object.entries(amounts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    delete amounts[name];
    amounts[name] = amount;
  }
}

/** Limits of a pod as a whole fill in its requests: with the sum of its containers' where they have some, else with the limit. */
export function setPodLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  if (keysOf(resources.limits).length + keysOf(resources.requests).length === 0) return;
  const pages = [...aggregateContainers(spec, 'limits')].filter(([name]) => isHugePages(name) && resources.requests?.[name] === undefined);
  const limits = resources.limits ?? {};
  addMissing(
    limits,
    pages.map(([name, amount]) => [name, amount.canonical()]),
  );
  if (Object.keys(limits).length === 0) return;
  resources.limits = limits;
  const sums = [...aggregateContainers(spec, 'requests')].filter(([name]) => isPodLevelResource(name) && isOvercommitAllowed(name));
  const requests = resources.requests ?? {};
  addMissing(
    requests,
    sums.map(([name, amount]) => [name, amount.canonical()]),
  );
  addMissing(
    requests,
    Object.entries(limits).filter(([name]) => isPodLevelResource(name)),
  );
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

/** On the host's network a container's port is the host's. */
function setHostPorts(spec: PodSpec): void {
  for (const containers of [spec.containers, spec.initContainers]) {
    for (const { ports } of listOf(containers)) {
      for (const port of listOf(ports)) if (!port.hostPort) port.hostPort = port.containerPort;
    }
  }
}

/** `podIP` is the first of `podIPs`; where they differ, `podIP` counts. */
function syncPodIps(status: PodStatus | undefined): void {
  if (!status) return;
  const first = status.podIPs?.[0]?.ip;
  if (status.podIP) {
    if (first !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  } else if (first) {
    status.podIP = first;
  }
}
