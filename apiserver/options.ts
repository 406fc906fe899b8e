import { type OptionTable, option, processOptions } from '../runtime/index.ts';
import { acceptedOptions, refusedOptions } from './accepted-options.ts';
import { auditOptions } from './audit/options.ts';
import { DEFAULT_ISSUER } from './auth/index.ts';

/** What the API server takes; names are upstream's wherever upstream has one. */
export const apiServerOptions = {
  'data-dir': option.string(
    'Where certificates, kubeconfigs and the database are; default .nanokube, or --cert-dir where --etcd-servers has the objects.',
    undefined,
    { placeholder: 'DIR' },
  ),
  'cert-dir': option.string(
    'Directory of the serving certificate, apiserver.crt with apiserver.key; without those, and with --tls-cert-file, that is not looked at.',
    undefined,
    { placeholder: 'DIR' },
  ),
  ephemeral: option.boolean('Keep the objects in memory only.', false),
  'component-ports-file': option.string(
    'JSON that says on which ports scheduler and controller-manager serve their health, for ComponentStatuses; 10259 and 10257 unless given.',
    undefined,
    { placeholder: 'FILE' },
  ),
  'secure-port': option.integer('Port to serve HTTPS on; 0 picks a free one.', 6443, { min: 0, max: 65535 }),
  'bind-address': option.string('Address to serve on; 0.0.0.0 for all.', '127.0.0.1', { placeholder: 'IP' }),
  'advertise-address': option.string(
    'Address that the kubernetes Service leads to; default the bind address, or the first of this machine.',
    undefined,
    {
      placeholder: 'IP',
    },
  ),
  'external-hostname': option.string('A further name that clients reach this server by; it goes into the certificate.', undefined, {
    placeholder: 'NAME',
  }),
  'tls-cert-file': option.string('Serving certificate, instead of the one in the data directory.', undefined, { placeholder: 'FILE' }),
  'tls-private-key-file': option.string('Key of --tls-cert-file.', undefined, { placeholder: 'FILE' }),
  'tls-min-version': option.string('Oldest TLS that is spoken: VersionTLS12 or VersionTLS13.', 'VersionTLS12', { placeholder: 'VERSION' }),
  'tls-cipher-suites': option.list("Cipher suites of TLS 1.2, in Go's names, the first the most wanted; default Node's.", [], {
    placeholder: 'NAMES',
  }),
  'tls-sni-cert-key': option.list(
    'A certificate and its key for clients that ask for a name of it, or for one of the names behind a colon: cert,key[:names]; can be repeated.',
    [],
    { placeholder: 'CERT,KEY[:NAMES]' },
  ),
  'disable-http2-serving': option.boolean('Speak HTTP/1.1 only.', false),
  'client-ca-file': option.string('Another CA of client certificates, beside the one in the data directory.', undefined, {
    placeholder: 'FILE',
  }),
  'token-auth-file': option.string('Static tokens: lines of token,user,uid,"group1,group2".', undefined, { placeholder: 'FILE' }),
  'authentication-config': option.string(
    'Who may log in with tokens of OpenID providers, and where without any: an AuthenticationConfiguration of apiserver.config.k8s.io.',
    undefined,
    { placeholder: 'FILE' },
  ),
  'oidc-issuer-url': option.string('OpenID provider whose tokens are users; https only.', undefined, { placeholder: 'URL' }),
  'oidc-client-id': option.string('What its tokens must be meant for.', undefined, { placeholder: 'NAME' }),
  'oidc-ca-file': option.string('CA of its certificate; default those the system trusts.', undefined, { placeholder: 'FILE' }),
  'oidc-username-claim': option.string('Claim that is the user name.', 'sub', { placeholder: 'CLAIM' }),
  'oidc-username-prefix': option.string(
    'What user names get before them; - for nothing; unless given, the issuer and #, except with the claim email.',
    '',
    { placeholder: 'TEXT' },
  ),
  'oidc-groups-claim': option.string('Claim that is the groups, a string or a list.', '', { placeholder: 'CLAIM' }),
  'oidc-groups-prefix': option.string('What groups get before them.', '', { placeholder: 'TEXT' }),
  'oidc-required-claim': option.list('Claims that tokens must have, as key=value.', [], { placeholder: 'CLAIMS' }),
  'oidc-signing-algs': option.list('Algorithms that tokens may be signed with.', ['RS256'], { placeholder: 'NAMES' }),
  'authentication-token-webhook-config-file': option.string('Kubeconfig of a webhook that is asked whose a token is.', undefined, {
    placeholder: 'FILE',
  }),
  'authentication-token-webhook-version': option.string('Version of the TokenReviews it is sent: v1 or v1beta1.', 'v1beta1', {
    placeholder: 'VERSION',
  }),
  'authentication-token-webhook-cache-ttl': option.duration('How long its answers are kept.', 120_000),
  'enable-bootstrap-token-auth': option.boolean(
    'Let Secrets of type bootstrap.kubernetes.io/token in kube-system authenticate new nodes.',
    false,
  ),
  'service-account-key-file': option.list(
    'Public or private keys that tokens of service accounts are checked with; default that of --service-account-signing-key-file.',
    [],
    { placeholder: 'FILES' },
  ),
  'service-account-signing-key-file': option.string(
    'Signs tokens of service accounts, instead of the key in the data directory.',
    undefined,
    {
      placeholder: 'FILE',
    },
  ),
  'service-account-issuer': option.list('Who signs tokens of service accounts; the first signs, all are accepted.', [DEFAULT_ISSUER], {
    placeholder: 'URLS',
  }),
  'service-account-jwks-uri': option.string(
    'Where clients of OpenID discovery are told to get the keys of such tokens; default this server, at its advertised address.',
    undefined,
    { placeholder: 'URL' },
  ),
  'api-audiences': option.list('What tokens must be meant for to be good here; default the issuers.', [], { placeholder: 'NAMES' }),
  'service-account-extend-token-expiration': option.boolean(
    'Let tokens in pods live for a year when the kubelet asks for the hour that old clients do not renew in.',
    true,
  ),
  'service-account-max-token-expiration': option.duration('Longest life of a token of a service account; 0 for no limit.', 0),
  'anonymous-auth': option.boolean('Let requests without credentials through as system:anonymous, who may see health and version.', true),
  'service-cluster-ip-range': option.string(
    'Addresses that Services are given; two ranges of different IP families, joined by a comma, for dual-stack Services.',
    '10.96.0.0/16',
    { placeholder: 'CIDRS' },
  ),
  'service-node-port-range': option.string('Ports that NodePort Services are given.', '30000-32767', { placeholder: 'FROM-TO' }),
  'admission-policy-status': option.boolean(
    'Check the types of ValidatingAdmissionPolicies and write what is doubtful into their status. In Kubernetes the controller manager does it; ' +
      'nanokube up has it done.',
    false,
  ),
  'feature-gates': option.list(
    'Features to turn on or off: GATE=true|false, or AllAlpha or AllBeta. Of the gates of 1.34 only MutatingAdmissionPolicy turns something; ' +
      'it also wants --runtime-config=admissionregistration.k8s.io/v1beta1=true, or there is no way to make such policies. Others may be set to ' +
      'what they are.',
    [],
    { placeholder: 'GATES=BOOL' },
  ),
  'runtime-config': option.list(
    'Versions to serve or not: GROUP/VERSION=true|false, GROUP/VERSION/RESOURCE, or api/all, api/ga, api/beta, api/alpha. ' +
      'api/removed=true turns on the versions that Kubernetes 1.34 has no more.',
    [],
    { placeholder: 'KEYS=BOOL' },
  ),
  'max-requests-inflight': option.integer(
    'Reading requests served at once; more are answered 429; 0 for no limit. With priority and fairness, a part of the seats that priority levels share.',
    400,
    { min: 0 },
  ),
  'max-mutating-requests-inflight': option.integer('The same for writing requests; with priority and fairness, the other part.', 200, {
    min: 0,
  }),
  'enable-priority-and-fairness': option.boolean(
    'Let FlowSchemas and PriorityLevelConfigurations say which requests are served when; false for plain limits.',
    true,
  ),
  'http2-max-streams-per-connection': option.integer(
    'Requests that a client may have under way on one connection of HTTP/2; 0 for 100, which is what clients expect.',
    0,
    { min: 0 },
  ),
  'goaway-chance': option.number(
    'Fraction of the requests of HTTP/2 after which a client is told to connect anew, so that clients spread over several servers; 0 for none.',
    0,
    { min: 0, max: 0.02 },
  ),
  'cors-allowed-origins': option.list(
    'Regular expressions of the origins whose pages may talk to the server, such as //example\\.com(:|$); none unless given.',
    [],
    { placeholder: 'PATTERNS' },
  ),
  'strict-transport-security-directives': option.list(
    'What browsers are told to keep to: max-age=SECONDS, includeSubDomains, preload; nothing unless given.',
    [],
    { placeholder: 'DIRECTIVES' },
  ),
  'request-timeout': option.duration('How long a request other than a watch may take.', 60_000),
  'min-request-timeout': option.integer('Seconds that a watch is kept open at least, when the client does not say how long.', 1800, {
    min: 1,
  }),
  'shutdown-delay-duration': option.duration(
    'How long requests are served after the signal to stop, while /readyz fails so that load balancers turn away.',
    0,
  ),
  'shutdown-send-retry-after': option.boolean(
    'After that, answer new requests with 429 and Retry-After until those under way are done, instead of refusing connections.',
    false,
  ),
  'default-not-ready-toleration-seconds': option.integer(
    'Seconds that pods which do not say so themselves stay on a node that is not ready.',
    300,
    { min: 0 },
  ),
  'default-unreachable-toleration-seconds': option.integer('The same for a node that is not heard of.', 300, { min: 0 }),
  'event-ttl': option.duration('How long events are kept.', 3_600_000),
  'default-watch-cache-size': option.integer(
    'Changes of each kind kept in memory, for watches from the past; 0 for a size of our own choice.',
    0,
    {
      min: 0,
    },
  ),
  'etcd-servers': option.list(
    'etcd members to keep the objects in, as scheme://host:port, instead of a database in the data directory.',
    [],
    {
      placeholder: 'URLS',
    },
  ),
  'etcd-servers-overrides': option.list(
    'Other etcd members for some kinds: group/resource#URL;URL, such as /events#http://etcd4:2379.',
    [],
    { placeholder: 'LIST' },
  ),
  'etcd-prefix': option.string('What the keys of all objects begin with.', '/registry', { placeholder: 'PATH' }),
  'encryption-provider-config': option.string(
    'What objects are encrypted with in the store: an EncryptionConfiguration of apiserver.config.k8s.io/v1.',
    undefined,
    { placeholder: 'FILE' },
  ),
  'encryption-provider-config-automatic-reload': option.boolean('Look every minute whether that file has changed.', false),
  'etcd-cafile': option.string('CA of the certificates of etcd; default those the system trusts.', undefined, { placeholder: 'FILE' }),
  'etcd-certfile': option.string('Certificate to show to etcd.', undefined, { placeholder: 'FILE' }),
  'etcd-keyfile': option.string('Key of --etcd-certfile.', undefined, { placeholder: 'FILE' }),
  'etcd-compaction-interval': option.duration(
    'How often old revisions are forgotten; 0 for never. What is younger than an interval stays readable.',
    300_000,
  ),
  'etcd-healthcheck-timeout': option.duration('How long etcd may take to answer the check behind /livez.', 2000),
  'etcd-readycheck-timeout': option.duration('How long etcd may take to answer the check behind /readyz.', 2000),
  'lease-reuse-duration-seconds': option.integer('Seconds in which new events share one lease of the store.', 60, { min: 0 }),
  'endpoint-reconciler-type': option.string(
    'How API servers that share a store agree on the endpoints of the kubernetes Service: lease, or none to leave them alone.',
    'lease',
    { placeholder: 'TYPE' },
  ),
  ...auditOptions,
  'proxy-client-cert-file': option.string(
    'Certificate to show to API servers behind this one, instead of the one in the data directory.',
    undefined,
    { placeholder: 'FILE' },
  ),
  'proxy-client-key-file': option.string('Key of --proxy-client-cert-file.', undefined, { placeholder: 'FILE' }),
  'requestheader-client-ca-file': option.string(
    'CA of front proxies, whose headers name users, instead of the one in the data directory.',
    undefined,
    { placeholder: 'FILE' },
  ),
  'requestheader-allowed-names': option.list(
    'Common names that front proxies may have; any unless given, with --requestheader-client-ca-file.',
    [],
    { placeholder: 'NAMES' },
  ),
  'requestheader-username-headers': option.list(
    'Headers in which front proxies name the user; the first with a value.',
    ['X-Remote-User'],
    {
      placeholder: 'NAMES',
    },
  ),
  'requestheader-uid-headers': option.list("Headers that have the user's uid, likewise.", [], { placeholder: 'NAMES' }),
  'requestheader-group-headers': option.list("Headers that have the user's groups; all their values.", ['X-Remote-Group'], {
    placeholder: 'NAMES',
  }),
  'requestheader-extra-headers-prefix': option.list('What headers begin with that say more of the user.', ['X-Remote-Extra-'], {
    placeholder: 'PREFIXES',
  }),
  'aggregator-reject-forwarding-redirect': option.boolean('Do not pass on redirects of API servers behind this one.', true),
  'enable-aggregator-routing': option.boolean('Reach API servers behind this one at their endpoints: cluster IPs lead nowhere.', true),
  'authorization-mode': option.list('Authorizers, in order: Node, RBAC, Webhook, ABAC, AlwaysAllow, AlwaysDeny.', ['Node', 'RBAC']),
  'authorization-config': option.string(
    'Authorizers in order, with several webhooks if need be, instead of --authorization-mode: an AuthorizationConfiguration of apiserver.config.k8s.io.',
    undefined,
    { placeholder: 'FILE' },
  ),
  'authorization-policy-file': option.string('Policies of --authorization-mode=ABAC, one JSON object a line.', undefined, {
    placeholder: 'FILE',
  }),
  'authorization-webhook-config-file': option.string('Kubeconfig of the webhook of --authorization-mode=Webhook.', undefined, {
    placeholder: 'FILE',
  }),
  'authorization-webhook-version': option.string('Version of the SubjectAccessReviews it is sent: v1 or v1beta1.', 'v1beta1', {
    placeholder: 'VERSION',
  }),
  'authorization-webhook-cache-authorized-ttl': option.duration('How long its yes is kept.', 300_000),
  'authorization-webhook-cache-unauthorized-ttl': option.duration('How long its no is kept.', 30_000),
  'allow-privileged': option.boolean('Pods may have privileged containers.', true),
  'enable-admission-plugins': option.list('Admission plugins to run beside the default ones.', [], { placeholder: 'NAMES' }),
  'disable-admission-plugins': option.list('Default admission plugins not to run.', [], { placeholder: 'NAMES' }),
  'admission-control-config-file': option.string('What admission plugins are told: an AdmissionConfiguration.', undefined, {
    placeholder: 'FILE',
  }),
  'kubelet-preferred-address-types': option.list(
    'Types of node addresses to reach kubelets at, best first.',
    ['InternalDNS', 'InternalIP', 'Hostname', 'ExternalDNS', 'ExternalIP'],
    {
      placeholder: 'TYPES',
    },
  ),
  'kubelet-client-certificate': option.string('Certificate to show to kubelets, instead of the one in the data directory.', undefined, {
    placeholder: 'FILE',
  }),
  'kubelet-client-key': option.string('Key of --kubelet-client-certificate.', undefined, { placeholder: 'FILE' }),
  'kubelet-certificate-authority': option.string(
    'CA of kubelets’ serving certificates; they are not checked without it, as upstream.',
    undefined,
    {
      placeholder: 'FILE',
    },
  ),
  'tracing-config-file': option.string(
    'Where traces of requests are sent, and of how many: a TracingConfiguration of apiserver.config.k8s.io.',
    undefined,
    { placeholder: 'FILE' },
  ),
  'egress-selector-config-file': option.string(
    'By which proxies nodes and webhooks are reached: an EgressSelectorConfiguration of apiserver.k8s.io; directly without it.',
    undefined,
    { placeholder: 'FILE' },
  ),
  ...acceptedOptions,
  ...refusedOptions,
  ...processOptions,
} satisfies OptionTable;
