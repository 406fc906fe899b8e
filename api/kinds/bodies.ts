// The schemas of what is sent and answered besides the objects of kinds: bodies of subresources, options, Status.
export { admissionReview } from '../admission/v1/admission-review.ts';
export { tokenRequest } from '../authentication/v1/token-review.ts';
export { scale } from '../autoscaling/v1/scale.ts';
export { binding } from '../core/v1/component-status.ts';
export { apiGroupDiscoveryList } from '../meta/v1/aggregated-discovery.ts';
export { apiGroup, apiGroupList, apiResourceList, apiVersions } from '../meta/v1/discovery.ts';
export { listMeta, objectMeta } from '../meta/v1/object-meta.ts';
export { deleteOptions } from '../meta/v1/options.ts';
export { status } from '../meta/v1/status.ts';
export { watchEvent } from '../meta/v1/watch-event.ts';
export { eviction } from '../policy/v1/pod-disruption-budget.ts';
