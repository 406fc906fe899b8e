// What Kubernetes is tested with, as far as it computes what it answers: subcommands of agnhost (`test/images/agnhost`), the sample API server.
import type { Program } from '../program.ts';
import { admissionWebhook } from './admission-webhook.ts';
import { conversionWebhook } from './conversion-webhook.ts';
import { inClusterClient } from './in-cluster-client.ts';
import { issuerDiscovery } from './issuer-discovery.ts';
import { nfsProvisioner } from './nfs-provisioner.ts';
import { resourceConsumer, resourceConsumerController } from './resource-consumer.ts';
import { sampleApiServer } from './sample-api-server.ts';

/** Programs by their names in descriptions of images; made from the command line. */
export const TEST_PROGRAMS: Readonly<Record<string, (argv: readonly string[]) => Program>> = {
  'agnhost-webhook': admissionWebhook,
  'agnhost-crd-conversion-webhook': conversionWebhook,
  'agnhost-inclusterclient': inClusterClient,
  'agnhost-test-service-account-issuer-discovery': issuerDiscovery,
  'agnhost-resource-consumer-controller': resourceConsumerController,
  'nfs-provisioner': nfsProvisioner,
  'resource-consumer': resourceConsumer,
  'sample-apiserver': sampleApiServer,
};
