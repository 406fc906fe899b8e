import { commandLineOption } from '../command-line.ts';

/** The options of the command line that matter here (upstream `pkg/flags/flags.go`). */
export interface ControllerFlags {
  /** Value of the old annotation `kubernetes.io/ingress.class`, and name of a class with `--ingress-class-by-name`. */
  readonly ingressClass: string;
  /** `spec.controller` of the classes that it serves. */
  readonly controllerClass: string;
  readonly watchesWithoutClass: boolean;
  readonly classByName: boolean;
  readonly configMap: string;
  readonly defaultBackendService: string;
  readonly defaultCertificate: string;
  readonly publishService: string;
  readonly publishStatusAddress: string;
  readonly watchNamespace: string;
  readonly updatesStatus: boolean;
  readonly clearsStatusAtEnd: boolean;
  readonly electionId: string;
  readonly isElected: boolean;
  readonly reportsInternalAddress: boolean;
  readonly annotationsPrefix: string;
  readonly validatesAnnotations: boolean;
  readonly hasMetrics: boolean;
  readonly metricsPerHost: boolean;
  readonly disablesCatchAll: boolean;
  readonly disablesExternalNames: boolean;
  readonly sendsSyncEvents: boolean;
  readonly ports: { readonly http: number; readonly https: number; readonly health: number; readonly default: number };
  readonly healthPath: string;
  readonly webhook: { readonly port: number; readonly cert: string; readonly key: string } | undefined;
}

const TRUTHS: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Reads a command line. */
export function readFlags(argv: readonly string[]): ControllerFlags {
  const text = (name: string, usual = '') => commandLineOption(argv, name) || usual;
  // A flag alone is a yes, and takes no other argument (pflag).
  const truth = (name: string, usual: boolean) => {
    const given = argv.find((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
    return given === undefined ? usual : given === `--${name}` || TRUTHS.has(given.slice(name.length + 3));
  };
  const port = (name: string, usual: number) => Number(text(name)) || usual;
  const webhookPort = Number(/:(\d+)$/.exec(text('validating-webhook'))?.[1] ?? 0);
  return {
    ingressClass: text('ingress-class', 'nginx'),
    controllerClass: text('controller-class', 'k8s.io/ingress-nginx'),
    watchesWithoutClass: truth('watch-ingress-without-class', false),
    classByName: truth('ingress-class-by-name', false),
    configMap: text('configmap'),
    defaultBackendService: text('default-backend-service'),
    defaultCertificate: text('default-ssl-certificate'),
    publishService: text('publish-service'),
    publishStatusAddress: text('publish-status-address'),
    watchNamespace: text('watch-namespace'),
    updatesStatus: truth('update-status', true),
    clearsStatusAtEnd: truth('update-status-on-shutdown', true),
    electionId: text('election-id', 'ingress-controller-leader'),
    isElected: !truth('disable-leader-election', false),
    reportsInternalAddress: truth('report-node-internal-ip-address', false),
    annotationsPrefix: text('annotations-prefix', 'nginx.ingress.kubernetes.io'),
    validatesAnnotations: truth('enable-annotation-validation', true),
    hasMetrics: truth('enable-metrics', false),
    metricsPerHost: truth('metrics-per-host', true),
    disablesCatchAll: truth('disable-catch-all', false),
    disablesExternalNames: truth('disable-svc-external-name', false),
    sendsSyncEvents: !truth('disable-sync-events', false),
    ports: {
      http: port('http-port', 80),
      https: port('https-port', 443),
      health: port('healthz-port', 10_254),
      default: port('default-server-port', 8181),
    },
    healthPath: text('health-check-path', '/healthz'),
    webhook:
      webhookPort > 0
        ? { port: webhookPort, cert: text('validating-webhook-certificate'), key: text('validating-webhook-key') }
        : undefined,
  };
}
