import { type Clock, type Random, systemRandom, UserError } from '../../runtime/index.ts';
import type { Authorizer } from '../auth/index.ts';
import type { FeatureGate } from '../feature-gates.ts';
import type { ObjectReader, ObjectWriter } from '../registry/objects.ts';
import { type PodDialer, WebhookClient } from '../webhook/index.ts';
import { alwaysAdmit, alwaysDeny } from './always.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { limitPodHardAntiAffinityTopology } from './anti-affinity-topology.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { AdmissionConfiguration, readAdmissionConfiguration } from './configuration.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultStorageClass } from './default-storage-class.ts';
import { defaultTolerationSeconds, type TolerationSeconds } from './default-toleration-seconds.ts';
import { denyServiceExternalIps } from './deny-service-external-ips.ts';
import { eventLimitsOf, eventRateLimit } from './event-rate-limit.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { imagePolicyOf, imagePolicyWebhook } from './image-policy.ts';
import { limitRanger } from './limit-ranger.ts';
import { AdmissionMetrics } from './metrics.ts';
import { namespaceAutoProvision, namespaceExists } from './namespace-existence.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction/plugin.ts';
import { ownerReferencesPermissionEnforcement } from './owner-references.ts';
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { nodeSelectorsOf, podNodeSelector } from './pod-node-selector.ts';
import { podSecurityConfiguration } from './pod-security/configuration.ts';
import { podSecurity } from './pod-security/plugin.ts';
import { clusterTolerationsOf, podTolerationRestriction } from './pod-toleration-restriction.ts';
import { mutatingAdmissionPolicy } from './policy/mutating-admission-policy.ts';
import type { PolicyOptions } from './policy/policy-options.ts';
import { validatingAdmissionPolicy } from './policy/validating-admission-policy.ts';
import { priority } from './priority.ts';
import { limitedResourcesOf } from './resource-quota/configuration.ts';
import { resourceQuota } from './resource-quota/plugin.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import { mutatingWebhooks } from './webhook/mutating-webhooks.ts';
import { validatingWebhooks } from './webhook/validating-webhooks.ts';
import { webhookCredentials } from './webhook/webhook-credentials.ts';

export type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from './plugin.ts';
export { AdmissionMetrics };

export interface AdmissionOptions extends PolicyOptions {
  readonly objects: ObjectReader & ObjectWriter;
  /** Says what users may do beside what they ask for. */
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** The way to webhooks that run in pods. */
  readonly dialer: PodDialer;
  readonly metrics: AdmissionMetrics;
  readonly random?: Random | undefined;
  /** Features that are on, which are not by default. */
  readonly features?: ReadonlySet<FeatureGate> | undefined;
  /** Plugins to run beside the default ones. */
  readonly enabled?: readonly string[] | undefined;
  /** Default plugins not to run. */
  readonly disabled?: readonly string[] | undefined;
  /** How long pods stay on a node that has failed; as upstream's defaults unless given. */
  readonly tolerationSeconds?: TolerationSeconds | undefined;
  /** File with an AdmissionConfiguration. */
  readonly configFile?: string | undefined;
}

/** What plugins are made of. */
interface Parts extends AdmissionOptions {
  readonly random: Random;
  /** Calls webhooks. */
  readonly client: WebhookClient;
  readonly configuration: AdmissionConfiguration;
}

interface Row {
  readonly name: string;
  readonly isOn: boolean;
  /** Absent: upstream has it, and there is none here. */
  readonly create?: (parts: Parts) => AdmissionPlugin;
}

type Create = NonNullable<Row['create']>;
/** A plugin that runs unless it is disabled. */
const on = (name: string, create: Create): Row => ({ name, isOn: true, create });
/** One that runs when it is enabled. */
const off = (name: string, create: Create): Row => ({ name, isOn: false, create });
/** One that upstream has. */
const absent = (name: string): Row => ({ name, isOn: false });

const withCredentials = (parts: Parts, plugin: string) => ({ ...parts, credentialsFor: webhookCredentials(parts.configuration, plugin) });

/** All plugins, in upstream's order and on or off as upstream's (`pkg/kubeapiserver/options/plugins.go`). */
const PLUGINS: readonly Row[] = [
  off('AlwaysAdmit', () => alwaysAdmit),
  off('NamespaceAutoProvision', ({ objects }) => namespaceAutoProvision(objects)),
  on('NamespaceLifecycle', ({ objects }) => namespaceLifecycle(objects)),
  off('NamespaceExists', ({ objects }) => namespaceExists(objects)),
  off('LimitPodHardAntiAffinityTopology', () => limitPodHardAntiAffinityTopology),
  on('LimitRanger', ({ objects }) => limitRanger(objects)),
  on('ServiceAccount', (parts) => serviceAccount(parts)),
  off('NodeRestriction', ({ objects, authorizer }) => nodeRestriction(objects, authorizer)),
  on('TaintNodesByCondition', () => taintNodesByCondition),
  off('AlwaysPullImages', () => alwaysPullImages),
  off('ImagePolicyWebhook', (parts) => imagePolicyWebhook(imagePolicyOf(parts.configuration), parts)),
  on('PodSecurity', ({ objects, configuration, metrics }) =>
    podSecurity(objects, podSecurityConfiguration(configuration), metrics.podSecurity),
  ),
  off('PodNodeSelector', ({ objects, configuration }) => podNodeSelector(objects, nodeSelectorsOf(configuration))),
  on('Priority', ({ objects }) => priority(objects)),
  on('DefaultTolerationSeconds', ({ tolerationSeconds }) => defaultTolerationSeconds(tolerationSeconds)),
  off('PodTolerationRestriction', ({ objects, configuration }) => podTolerationRestriction(objects, clusterTolerationsOf(configuration))),
  off('EventRateLimit', ({ configuration }) => eventRateLimit(eventLimitsOf(configuration))),
  off('ExtendedResourceToleration', () => extendedResourceToleration),
  on('DefaultStorageClass', ({ objects }) => defaultStorageClass(objects)),
  on('StorageObjectInUseProtection', () => storageObjectInUseProtection),
  off('OwnerReferencesPermissionEnforcement', (parts) => ownerReferencesPermissionEnforcement(parts)),
  on('PersistentVolumeClaimResize', ({ objects }) => persistentVolumeClaimResize(objects)),
  on('RuntimeClass', ({ objects }) => runtimeClass(objects)),
  on('CertificateApproval', ({ authorizer }) => certificateApproval(authorizer)),
  on('CertificateSigning', ({ authorizer }) => certificateSigning(authorizer)),
  absent('ClusterTrustBundleAttest'),
  on('CertificateSubjectRestriction', () => certificateSubjectRestriction),
  on('DefaultIngressClass', ({ objects }) => defaultIngressClass(objects)),
  off('DenyServiceExternalIPs', () => denyServiceExternalIps),
  // Copies what nodes say of their place into pods, with a feature gate that is off in 1.34: until then it does nothing.
  on('PodTopologyLabels', () => ({ name: 'PodTopologyLabels' })),
  on('MutatingAdmissionPolicy', (parts) =>
    parts.features?.has('MutatingAdmissionPolicy') ? mutatingAdmissionPolicy(parts) : { name: 'MutatingAdmissionPolicy' },
  ),
  on('MutatingAdmissionWebhook', (parts) => mutatingWebhooks(withCredentials(parts, 'MutatingAdmissionWebhook'))),
  on('ValidatingAdmissionPolicy', (parts) => validatingAdmissionPolicy(parts)),
  on('ValidatingAdmissionWebhook', (parts) => validatingWebhooks(withCredentials(parts, 'ValidatingAdmissionWebhook'))),
  on('ResourceQuota', ({ objects, configuration }) => resourceQuota(objects, limitedResourcesOf(configuration))),
  off('AlwaysDeny', () => alwaysDeny),
];

/**
 * The admission plugins, in upstream's order.
 *
 * @throws UserError when a plugin is named that is not there, or is told what it does not take.
 */
export function createAdmission(options: AdmissionOptions): readonly AdmissionPlugin[] {
  const { random = systemRandom, enabled = [], disabled = [], configFile } = options;
  checkNames('enable-admission-plugins', enabled);
  checkNames('disable-admission-plugins', disabled);
  const both = enabled.filter((name) => disabled.includes(name));
  if (both.length > 0) throw new UserError(`${both.join(', ')} is in both --enable-admission-plugins and --disable-admission-plugins`);
  const configuration = configFile === undefined ? new AdmissionConfiguration() : readAdmissionConfiguration(configFile);
  checkNames('admission-control-config-file', configuration.names);
  const client = new WebhookClient({ objects: options.objects, random, clock: options.clock, dialer: options.dialer });
  const parts: Parts = { ...options, random, client, configuration };
  return PLUGINS.filter(({ name, isOn }) => enabled.includes(name) || (isOn && !disabled.includes(name))).flatMap(
    ({ create }) => create?.(parts) ?? [],
  );
}

/** @throws UserError */
function checkNames(option: string, names: readonly string[]): void {
  for (const name of names) {
    const row = PLUGINS.find((plugin) => plugin.name === name);
    if (!row) throw new UserError(`--${option}: admission plugin ${name} is unknown; there are ${AVAILABLE}`);
    if (!row.create && option.startsWith('enable')) {
      throw new UserError(`--${option}: admission plugin ${name} is Kubernetes' own, but there is none here yet; there are ${AVAILABLE}`);
    }
  }
}

const AVAILABLE = PLUGINS.filter(({ create }) => create)
  .map(({ name }) => name)
  .join(', ');
