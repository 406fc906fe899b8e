import type { Service } from '../core/v1/service.ts';
import type { KubeObject } from '../object.ts';
import { Quantity, ZERO_QUANTITY } from '../quantity.ts';
import type { ResourceList } from '../resources.ts';
import { ONE, type QuotaEvaluator } from './evaluator.ts';

const RESOURCES: readonly string[] = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];

/** What Services use. Upstream: `pkg/quota/v1/evaluator/core/services.go`. */
export const serviceQuota: QuotaEvaluator = {
  // The type of a Service can change.
  handles: ({ operation, subresource }) => subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'),
  matchingResources: (names) => names.filter((name) => RESOURCES.includes(name)),
  usage: (object) => usageOf(asService(object)),
};

/** The evaluator is asked about Services alone. */
const asService = (object: KubeObject): Service => object as Service;

const usageOf = (service: Service): ResourceList =>
  new Map([
    ['count/services', ONE],
    ['services', ONE],
    ['services.loadbalancers', service.spec.type === 'LoadBalancer' ? ONE : ZERO_QUANTITY],
    ['services.nodeports', Quantity.of(nodePorts(service))],
  ]);

/** What is going to be allocated: nothing is yet. A load balancer may do without, but for ports that were asked for. */
function nodePorts({ spec: { type, ports = [], allocateLoadBalancerNodePorts } }: Service): number {
  if (type !== 'NodePort' && type !== 'LoadBalancer') return 0;
  if (type === 'NodePort' || allocateLoadBalancerNodePorts !== false) return ports.length;
  return ports.filter(({ nodePort }) => nodePort).length;
}
