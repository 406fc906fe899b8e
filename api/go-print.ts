// A public face of api/ of its own: what Go prints of the few structs whose hashes clients see. Loaded by the controller manager.
import { goPrint } from './codec/go-print.ts';
import { podTemplateSpec } from './core/v1/pod.ts';
import { endpointPort } from './discovery/v1/endpoint-slice.ts';
import type { DiscoveryV1EndpointPort, PodTemplateSpec } from './types.ts';

/** Upstream hashes it into the names of ReplicaSets and of DaemonSets' revisions (`pkg/controller/controller_utils.go`, `ComputeHash`). */
export const printedPodTemplate = (template: PodTemplateSpec): string => goPrint(podTemplateSpec, template);

/** Upstream orders the ports of an EndpointSlice by the hash of it (`pkg/api/v1/endpoints/util.go`). */
export const printedEndpointPort = (port: DiscoveryV1EndpointPort): string => goPrint(endpointPort, port);
