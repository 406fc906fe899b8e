import { type PodSpec, parseQuantity, type Quantity, type ResourceRequirements, ZERO_QUANTITY } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';

export type QosClass = 'BestEffort' | 'Burstable' | 'Guaranteed';

const COMPUTE = ['cpu', 'memory'] as const;
const NO_RESOURCES: ResourceRequirements = {};

/**
 * How a pod ranks when its node runs short, by the cpu and memory of its containers (init containers too) or, where it has resources as
 * a whole, by those: Guaranteed when all of it is limited and requested up to the limit, BestEffort when nothing is said.
 */
export function qosClassOf(spec: PodSpec): QosClass {
  const parts = spec.resources ? [spec.resources] : resourcesOf(spec);
  let said = false;
  let guaranteed = true;
  for (const name of COMPUTE) {
    const requests = amounts(parts, 'requests', name);
    const limits = amounts(parts, 'limits', name);
    said ||= requests.length > 0 || limits.length > 0;
    guaranteed &&= limits.length === parts.length && isSameAmount(requests, limits);
  }
  if (!said) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function resourcesOf(spec: PodSpec): ResourceRequirements[] {
  const parts: ResourceRequirements[] = [];
  for (const { resources } of listOf(spec.containers)) parts.push(resources ?? NO_RESOURCES);
  for (const { resources } of listOf(spec.initContainers)) parts.push(resources ?? NO_RESOURCES);
  return parts;
}

/** What is given and not zero. */
function amounts(parts: readonly ResourceRequirements[], kind: 'requests' | 'limits', name: string): string[] {
  const given: string[] = [];
  for (const part of parts) {
    const amount = part[kind]?.[name];
    if (amount !== undefined && amount !== '0') given.push(amount);
  }
  return given;
}

/** The texts are mostly the same, and then nothing has to be read. */
const isSameAmount = (a: readonly string[], b: readonly string[]): boolean =>
  (a.length === b.length && a.every((amount, i) => amount === b[i])) || (a.length > 0 && sum(a).equals(sum(b)));

const sum = (list: readonly string[]): Quantity => list.reduce((total, amount) => total.add(parseQuantity(amount)), ZERO_QUANTITY);
