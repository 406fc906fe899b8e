// The feature gates of Kubernetes 1.34, by how far each is. Upstream: pkg/features/kube_features.go, and the gates that apiserver,
// apiextensions-apiserver, client-go and component-base bring.

/** How far a feature is, as metrics call it; what is stable has no name. */
export type FeatureStage = 'ALPHA' | 'BETA' | '' | 'DEPRECATED';

/** What is known of a gate. */
export interface Feature {
  readonly stage: FeatureStage;
  /** Whether it is on unless somebody says otherwise. */
  readonly isOn: boolean;
  /** Whether nobody can say otherwise. */
  readonly isLocked: boolean;
}

const ALPHA = `
  APIServingWithRoutine AllowUnsafeMalformedObjectDeletion CBORServingAndStorage CPUManagerPolicyAlphaOptions CSIVolumeHealth
  ClearingNominatedNodeNameAfterBinding ClientsAllowCBOR ClientsPreferCBOR CloudControllerManagerWebhook ComponentFlagz ComponentStatusz
  ContainerRestartRules ContainerStopSignals CrossNamespaceVolumeDataSource CustomCPUCFSQuotaPeriod DRAConsumableCapacity
  DRADeviceBindingConditions DRADeviceTaints DRAExtendedResource DRAPartitionableDevices DeploymentReplicaSetTerminatingReplicas EnvFiles
  EventedPLEG HPAConfigurableTolerance HPAScaleToZero HostnameOverride InPlacePodVerticalScalingExclusiveCPUs
  InPlacePodVerticalScalingExclusiveMemory InTreePluginPortworxUnregister InformerResourceVersion KubeletCrashLoopBackOffMax
  KubeletEnsureSecretPulledImages KubeletInUserNamespace LoggingAlphaOptions MaxUnavailableStatefulSet MemoryQoS
  NominatedNodeNameForExpectation PodAndContainerStatsFromCRI PodCertificateRequest PodLogsQuerySplitStreams PodTopologyLabelsAdmission
  QOSReserved ReduceDefaultCrashLoopBackOffDecay RelaxedServiceNameValidation ResourceHealthStatus RuntimeClassInImageCriAPI
  StorageCapacityScoring StorageVersionAPI StorageVersionMigrator StrictIPCIDRValidation TopologyManagerPolicyAlphaOptions
  UnknownVersionInteroperabilityProxy UserNamespacesPodSecurityStandards WindowsCPUAndMemoryAffinity`;

const BETA = `
  APIResponseCompression APIServerIdentity AllowParsingUserUIDFromCertAuth CPUManagerPolicyBetaOptions ContainerCheckpoint
  ContextualLogging DRAAdminAccess DRAPrioritizedList DRAResourceClaimDeviceStatus DRASchedulerFilterTimeout DeclarativeValidation
  DetectCacheInconsistency DisableCPUQuotaWithExclusiveCPUs ExternalServiceAccountTokenSigner GracefulNodeShutdown
  GracefulNodeShutdownBasedOnPodPriority ImageMaximumGCAge InOrderInformers InPlacePodVerticalScaling JobManagedBy KubeletFineGrainedAuthz
  KubeletPSI KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletSeparateDiskGC
  KubeletServiceAccountTokenForCredentialProviders ListFromCacheSnapshot LoggingBetaOptions MatchLabelKeysInPodTopologySpread
  MatchLabelKeysInPodTopologySpreadSelectorMerge OpenAPIEnums PodDeletionCost PodLevelResources PodObservedGenerationTracking
  PodReadyToStartContainersCondition PortForwardWebsockets PreferSameTrafficDistribution PreventStaticPodAPIReferences ProcMountType
  ReloadKubeletServerCertificateFile RemoteRequestHeaderUID RotateKubeletServerCertificate SELinuxChangePolicy
  SELinuxMountReadWriteOncePod SchedulerAsyncPreemption SchedulerPopFromBackoffQ ServiceAccountNodeAudienceRestriction
  SizeBasedListCostEstimate StatefulSetSemanticRevisionComparison StorageVersionHash StructuredAuthenticationConfigurationEgressSelector
  SupplementalGroupsPolicy SystemdWatchdog TokenRequestServiceAccountUIDValidation TopologyManagerPolicyBetaOptions
  TranslateStreamCloseWebsocketRequests UnauthenticatedHTTP2DOSMitigation UserNamespacesSupport WatchList WindowsGracefulNodeShutdown`;

const BETA_OFF = `
  ClusterTrustBundle ClusterTrustBundleProjection ConcurrentWatchObjectDecode CoordinatedLeaderElection DeclarativeValidationTakeover
  ImageVolume LocalStorageCapacityIsolationFSQuotaMonitoring MutableCSINodeAllocatableCount MutatingAdmissionPolicy NodeLogQuery
  SELinuxMount SchedulerAsyncAPICalls WatchCacheInitializationPostStartHook WatchListClient`;

const STABLE = `
  APIServerTracing AnonymousAuthConfigurableEndpoints AnyVolumeDataSource AuthorizeNodeWithSelectors AuthorizeWithSelectors
  BtreeWatchCache CPUManagerPolicyOptions CRDValidationRatcheting CSIMigrationPortworx ComponentSLIs ConsistentListFromCache
  CronJobsScheduledAnnotation CustomResourceFieldSelectors HonorPVReclaimPolicy JobBackoffLimitPerIndex JobPodReplacementPolicy
  JobSuccessPolicy KubeletCgroupDriverFromCRI KubeletTracing LoadBalancerIPMode LogarithmicScaleDown MatchLabelKeysInPodAffinity
  MemoryManager MultiCIDRServiceAllocator NFTablesProxyMode NodeInclusionPolicyInPodTopologySpread NodeSwap OrderedNamespaceDeletion
  PodIndexLabel PodLifecycleSleepAction PodLifecycleSleepActionAllowZero PodSchedulingReadiness RecoverVolumeExpansionFailure
  RecursiveReadOnlyMounts RelaxedDNSSearchValidation RelaxedEnvironmentVariableValidation ResilientWatchCacheInitialization
  RetryGenerateName SchedulerQueueingHints SeparateTaintEvictionController ServiceAccountTokenJTI ServiceAccountTokenNodeBinding
  ServiceAccountTokenNodeBindingValidation ServiceAccountTokenPodNodeInfo ServiceTrafficDistribution SidecarContainers
  SizeMemoryBackedVolumes StatefulSetAutoDeletePVC StreamingCollectionEncodingToJSON StreamingCollectionEncodingToProtobuf
  StrictCostEnforcementForVAP StrictCostEnforcementForWebhooks StructuredAuthenticationConfiguration
  StructuredAuthorizationConfiguration TopologyAwareHints WinDSR WinOverlay`;

const STABLE_OPEN = `
  DisableAllocatorDualWrite DynamicResourceAllocation ExecProbeTimeout TopologyManagerPolicyOptions VolumeAttributesClass`;

const DEPRECATED_ON = `
  AggregatedDiscoveryRemoveBetaType DisableNodeKubeProxyVersion KubeletPodResourcesListUseActivePods StorageNamespaceIndex`;

const DEPRECATED_OFF = `
  AllowDNSOnlyNodeCSR AllowInsecureKubeletCertificateSigningRequests AllowOverwriteTerminationGracePeriodSeconds GitRepoVolumeDriver
  InPlacePodVerticalScalingAllocatedStatus KMSv1 KubeletRegistrationGetOnExistsOnly SeparateCacheWatchRPC WindowsHostNetwork`;

const DEPRECATED_LOCKED = 'AllowServiceLBStatusOnNonLB WatchFromStorageWithoutResourceVersion';

/** All gates but the two that stand for many, by name. */
export const KUBERNETES_FEATURES: ReadonlyMap<string, Feature> = new Map([
  ...features(ALPHA, { stage: 'ALPHA', isOn: false, isLocked: false }),
  ...features(BETA, { stage: 'BETA', isOn: true, isLocked: false }),
  ...features(BETA_OFF, { stage: 'BETA', isOn: false, isLocked: false }),
  ...features(STABLE, { stage: '', isOn: true, isLocked: true }),
  ...features(STABLE_OPEN, { stage: '', isOn: true, isLocked: false }),
  ...features(DEPRECATED_ON, { stage: 'DEPRECATED', isOn: true, isLocked: false }),
  ...features(DEPRECATED_OFF, { stage: 'DEPRECATED', isOn: false, isLocked: false }),
  ...features(DEPRECATED_LOCKED, { stage: 'DEPRECATED', isOn: false, isLocked: true }),
]);

function features(names: string, feature: Feature): [string, Feature][] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, feature]);
}
