export { onAbort } from './abort.ts';
export { Backoff, type BackoffOptions } from './backoff.ts';
export { Batches, type BatchLimits } from './batches.ts';
export { BoundedQueue } from './bounded-queue.ts';
export { tellBuild } from './build-metrics.ts';
export { type Clock, systemClock, type Timer, VirtualClock } from './clock.ts';
export { duplexPair } from './duplex-pair.ts';
export { every } from './every.ts';
export { ALL_METRICS, expose, type MetricRules } from './exposition.ts';
export { type FeatureSetting, readFeatureGates } from './feature-gates.ts';
export { tellFeatures } from './feature-metrics.ts';
export { goNumber } from './go-number.ts';
export {
  answerHealth,
  createHealthServer,
  Health,
  type HealthAnswer,
  type HealthCheck,
  type HealthEndpoint,
  type HealthServerOptions,
  pingCheck,
  shutdownCheck,
  type TypedHealthAnswer,
} from './health.ts';
export { healthOptions, withHealth } from './health-service.ts';
export { HealthSlis } from './health-slis.ts';
export { holdProcess } from './hold.ts';
export { inertProcessOptions } from './inert-options.ts';
export {
  type Claims,
  createTokenSigner,
  isRecord,
  isSignedBy,
  type ParsedToken,
  parseToken,
  SIGNING_ALGORITHMS,
  type TokenSigner,
  type VerificationKey,
  verificationKey,
  webKey,
} from './jwt.ts';
export { type Collection, type IndexRange, KeyIndex } from './key-index.ts';
export { KUBELET_CLIENT_USER } from './kubelet-client-user.ts';
export { type Feature, type FeatureStage, KUBERNETES_FEATURES } from './kubernetes-features.ts';
export { buildInfo, EMULATION_VERSION, GIT_VERSION } from './kubernetes-version.ts';
export { createLogger, LOG_LEVELS, type Logger, silentLogger } from './logger.ts';
export { metricOptions, readMetricRules } from './metric-rules.ts';
export {
  type Counter,
  createMetrics,
  exponentialBuckets,
  type Gauge,
  type Histogram,
  type Labels,
  METRICS_TYPE,
  type MetricSpec,
  type Metrics,
} from './metrics.ts';
export {
  helpText,
  OptionError,
  type OptionSpec,
  type OptionTable,
  type OptionType,
  type OptionValues,
  option,
  type ParsedOptions,
  parseDuration,
  parseOptions,
  parseTruth,
} from './options.ts';
export { keepPrivateDirectory, makePrivateDirectory } from './private-directory.ts';
export { type Environment, type ProcessSpec, processMain, processOptions } from './process.ts';
export { type Random, randomSuffix, seededRandom, systemRandom } from './random.ts';
export { EXIT, type ReadyMessage, runMain, type Service, UserError } from './service.ts';
export { type ClientCertificates, createClientCertificates } from './serving/client-certificate.ts';
export { extraKeyOf } from './serving/extra-key.ts';
export { forPages, isForPeople } from './serving/for-people.ts';
export { type CertificateFiles, type NamedCertificate, namedCertificates, namedContexts } from './serving/named-certificates.ts';
export {
  createRequestHeaders,
  type RequestHeaderNames,
  type RequestHeaderOptions,
  type RequestHeaders,
  requestHeaderCheck,
} from './serving/request-header.ts';
export { CREDENTIAL_ID, type RequestUser, type UserSource } from './serving/request-user.ts';
export { type TlsLimits, tlsLimits } from './serving/tls-limits.ts';
export { serveWith, trusting } from './serving/trust.ts';
export { type Dial, VerifyingAgent } from './serving/verifying-agent.ts';
export { SHARED_TEXT_LENGTH_MIN, SharedTexts } from './shared-texts.ts';
export { writeApart } from './write-apart.ts';
export { type CertificateAuthority, certificateEndMs, readAuthority, signRequest } from './x509/authority.ts';
export {
  type CertificateRequest,
  type CertificateUse,
  generateKey,
  type Issuer,
  issueCertificate,
  keyFromPem,
  keyToPem,
  publicKeyToPem,
  type Subject as CertificateSubject,
} from './x509/certificate.ts';
export { certificateChainError } from './x509/certificate-chain.ts';
export { DerError } from './x509/der-reader.ts';
export { decodePem, type PemBlock } from './x509/pem.ts';
export { parseSigningRequest, type SigningRequest, signingRequestOf } from './x509/signing-request.ts';
export { checkServerIdentity } from './x509/verification-error.ts';
