// What `--feature-gates` turns here. Of the gates of 1.34 few can be turned: all other features are as they are by default.
import { type FeatureSetting, type FeatureStage, OptionError, readFeatureGates } from '../runtime/index.ts';

/** The gates that turn something. */
const TURNABLE = ['MutatingAdmissionPolicy'] as const;

/**
 * Gates by which no client of an API server could tell: they are looked at by other processes only, or choose between two ways to the same
 * answers.
 */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(
  `APIServingWithRoutine AllowDNSOnlyNodeCSR CPUManagerPolicyAlphaOptions CPUManagerPolicyBetaOptions CSIVolumeHealth ClientsAllowCBOR
  ClientsPreferCBOR CloudControllerManagerWebhook ConcurrentWatchObjectDecode ContainerCheckpoint ContextualLogging CustomCPUCFSQuotaPeriod
  DRASchedulerFilterTimeout DeclarativeValidation DetectCacheInconsistency DisableAllocatorDualWrite DisableCPUQuotaWithExclusiveCPUs
  EventedPLEG ExecProbeTimeout GitRepoVolumeDriver GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority ImageMaximumGCAge
  InOrderInformers InPlacePodVerticalScalingExclusiveCPUs InPlacePodVerticalScalingExclusiveMemory InTreePluginPortworxUnregister
  InformerResourceVersion KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletInUserNamespace KubeletPSI
  KubeletPodResourcesDynamicResources KubeletPodResourcesGet KubeletPodResourcesListUseActivePods KubeletRegistrationGetOnExistsOnly
  KubeletSeparateDiskGC ListFromCacheSnapshot LocalStorageCapacityIsolationFSQuotaMonitoring LoggingAlphaOptions LoggingBetaOptions
  MemoryQoS NodeLogQuery PodAndContainerStatsFromCRI PreventStaticPodAPIReferences QOSReserved ReduceDefaultCrashLoopBackOffDecay
  ReloadKubeletServerCertificateFile RotateKubeletServerCertificate RuntimeClassInImageCriAPI SchedulerAsyncAPICalls
  SchedulerAsyncPreemption SchedulerPopFromBackoffQ SeparateCacheWatchRPC StorageCapacityScoring StorageNamespaceIndex SystemdWatchdog
  TopologyManagerPolicyAlphaOptions TopologyManagerPolicyBetaOptions TopologyManagerPolicyOptions WatchCacheInitializationPostStartHook
  WatchListClient WindowsCPUAndMemoryAffinity WindowsGracefulNodeShutdown WindowsHostNetwork`.split(/\s+/),
);

export type FeatureGate = (typeof TURNABLE)[number];

/** A feature as metrics tell of it. */
export interface FeatureState {
  readonly stage: FeatureStage;
  readonly isOn: boolean;
}

/** What became of the option. */
export interface FeatureGates {
  /** Those that are on of the gates that turn something. */
  readonly on: ReadonlySet<FeatureGate>;
  /** All features of 1.34, by name. */
  readonly all: ReadonlyMap<string, FeatureState>;
  /** What was set and is not followed, with the reason. */
  readonly unheeded: readonly { readonly gate: string; readonly why: string }[];
}

/**
 * Reads the option.
 *
 * @param entries `Gate=true|false`.
 * @throws OptionError that says what to change.
 */
export function featureGates(entries: readonly string[]): FeatureGates {
  const settings = [...readFeatureGates(entries)];
  const stuck = settings.find(([name, setting]) => setting.isNamed && isAnother(setting) && !isTaken(name));
  if (stuck) throw cannotTurn(...stuck);
  return {
    on: new Set(TURNABLE.filter((gate) => settings.some(([name, { isOn }]) => name === gate && isOn))),
    all: new Map(settings.map(([name, { stage, isOn, isOnByDefault }]) => [name, { stage, isOn: isTaken(name) ? isOn : isOnByDefault }])),
    unheeded: settings.filter(([, { isNamed }]) => isNamed).flatMap(([name, setting]) => unheeded(name, setting)),
  };
}

const isTurnable = (name: string): boolean => TURNABLE.some((gate) => gate === name);
const isForMany = (name: string): boolean => name === 'AllAlpha' || name === 'AllBeta';
const isTaken = (name: string): boolean => isTurnable(name) || isForMany(name) || WITHOUT_EFFECT.has(name);
const isAnother = ({ isOn, isOnByDefault }: FeatureSetting): boolean => isOn !== isOnByDefault;

function cannotTurn(name: string, { isOn, isOnByDefault }: FeatureSetting): OptionError {
  const words = (on: boolean) => (on ? 'on' : 'off');
  return new OptionError(
    `option --feature-gates: ${name} cannot be turned ${words(isOn)} here: it is ${words(isOnByDefault)}, as Kubernetes 1.34 has it by default`,
  );
}

function unheeded(gate: string, setting: FeatureSetting): { gate: string; why: string }[] {
  if (isForMany(gate)) return [{ gate, why: `it turns ${TURNABLE.join(', ')}, if that is so far, and no other features` }];
  if (isTurnable(gate) || !isAnother(setting)) return [];
  return [{ gate, why: 'no client of the API server could tell' }];
}
