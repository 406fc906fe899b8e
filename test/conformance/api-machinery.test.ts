// The tests of sig-api-machinery and sig-instrumentation, on one cluster.
import './api-machinery/aggregator.ts';
import './api-machinery/api-operations.ts';
import './api-machinery/custom-resources.ts';
import './api-machinery/machinery.ts';
import './api-machinery/resource-quota.ts';
import './api-machinery/webhooks.ts';
