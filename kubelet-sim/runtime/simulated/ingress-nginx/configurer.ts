import { badPathTypes, forbiddenAnnotation, injection, overlap } from './admission.ts';
import { AnnotationError, AnnotationReader } from './annotation-reader.ts';
import { type Annotations, readAnnotations } from './annotations.ts';
import { Certificates } from './certificates.ts';
import { buildConfiguration } from './configuration.ts';
import type { ControllerFlags } from './flags.ts';
import { classOf } from './ingress-class.ts';
import type { AnnotatedIngress, Configuration } from './model.ts';
import type { ObjectStore } from './object-store.ts';
import { readSettings, type Settings } from './settings.ts';
import type { LiveIngress } from './world.ts';

/** Told of what is wrong with objects: the severity, and a line with where upstream says it. */
type Tell = (severity: 'W' | 'E', text: string) => void;

/** Makes a configuration of the objects there are, and says whether an Ingress may be added. */
export class Configurer {
  readonly #store: ObjectStore;
  readonly #flags: ControllerFlags;
  readonly certificates: Certificates;

  constructor(store: ObjectStore, flags: ControllerFlags) {
    this.#store = store;
    this.#flags = flags;
    this.certificates = new Certificates(store);
  }

  settings(): Settings {
    return readSettings(this.#data(this.#flags.configMap));
  }

  /** Headers of a ConfigMap that a setting names, with names in lower case. */
  headersOf(key: string): Record<string, string> {
    return Object.fromEntries(Object.entries(this.#data(key)).map(([name, value]) => [name.toLowerCase(), value]));
  }

  #data(key: string): Readonly<Record<string, string>> {
    return (key === '' ? undefined : this.#store.configMap(key)?.data) ?? {};
  }

  /** The class by which an Ingress is ours, or why it is not. */
  classOf(ingress: LiveIngress): ReturnType<typeof classOf> {
    const { classes } = this.#store;
    return classOf(ingress, this.#flags, classes && ((name) => classes.get(name)));
  }

  /** Whether it takes all requests that nobody else does, where that is not wanted. */
  isUnwantedCatchAll({ spec }: LiveIngress): boolean {
    return this.#flags.disablesCatchAll && Boolean(spec?.defaultBackend);
  }

  /** The Ingresses that count, the oldest first. */
  ingresses(): readonly LiveIngress[] {
    const ours = this.#store
      .ingresses()
      .filter((one) => 'name' in this.classOf(one) && !this.isUnwantedCatchAll(one) && injection(one) === undefined);
    const key = ({ metadata: { namespace, name } }: LiveIngress) => `${namespace}/${name}`;
    return [...ours].sort((a, b) => {
      const [before, after] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
      if (before !== after) return before < after ? -1 : 1;
      return key(a) > key(b) ? -1 : 1;
    });
  }

  /** The configuration of now; from here on changes of what it is made of are told. */
  build(settings: Settings, tell: Tell): Configuration {
    this.#store.beginAsking();
    return this.#configure(this.#valid(this.ingresses(), settings, tell), (text) => tell('W', `controller.go:1216] ${text}`));
  }

  #configure(annotated: readonly AnnotatedIngress[], warn: (text: string) => void): Configuration {
    const { defaultBackendService, disablesExternalNames } = this.#flags;
    return buildConfiguration(annotated, {
      world: this.#store,
      defaultBackendService,
      disablesExternalNames,
      isCertificateFor: (secret, host) => this.certificates.isFor(secret, host),
      warn,
    });
  }

  /** @throws AnnotationError */
  #annotationsOf(ingress: LiveIngress, settings: Settings, tell: Tell): Annotations {
    const { annotationsPrefix, validatesAnnotations } = this.#flags;
    const { namespace, name, annotations = {} } = ingress.metadata;
    const reader = new AnnotationReader(annotations, {
      prefix: annotationsPrefix,
      validates: validatesAnnotations,
      warn: (text) => tell('W', `validators.go:243] validation error on ingress ${namespace}/${name}: ${text}`),
    });
    return readAnnotations(reader, ingress, this.#store, settings);
  }

  /** Why an Ingress may not be, in upstream's words (`CheckIngress`); undefined when it may. */
  check(ingress: LiveIngress, settings: Settings): string | undefined {
    const { annotationsPrefix: prefix, watchNamespace } = this.#flags;
    const { namespace, name, deletionTimestamp } = ingress.metadata;
    if (deletionTimestamp !== undefined) return undefined;
    const injected = injection(ingress);
    if (injected !== undefined) return `invalid object: ${injected}`;
    if ('error' in this.classOf(ingress) || (watchNamespace !== '' && namespace !== watchNamespace)) return undefined;
    if (this.isUnwantedCatchAll(ingress))
      return "this deployment is trying to create a catch-all ingress while DisableCatchAll flag is set to true. Remove '.spec.defaultBackend' or set DisableCatchAll flag to false";
    const paths = settings.strictPathTypes ? badPathTypes(ingress) : [];
    if (paths.length > 0) return `ingress contains invalid paths: ${paths.join('\n')}`;
    const forbidden = forbiddenAnnotation(ingress, prefix, settings);
    if (forbidden !== undefined) return forbidden;
    const silent = () => undefined;
    try {
      const added = { ingress, annotations: this.#annotationsOf(ingress, settings, silent) };
      const others = this.ingresses().filter(({ metadata }) => metadata.namespace !== namespace || metadata.name !== name);
      return overlap(ingress, this.#configure([...this.#valid(others, settings, silent), added], silent), prefix);
    } catch (error) {
      if (error instanceof AnnotationError) return error.message;
      throw error;
    }
  }

  /** Those whose annotations can be read. */
  #valid(ingresses: readonly LiveIngress[], settings: Settings, tell: Tell): readonly AnnotatedIngress[] {
    return ingresses.flatMap((ingress) => {
      try {
        return [{ ingress, annotations: this.#annotationsOf(ingress, settings, tell) }];
      } catch (error) {
        if (!(error instanceof AnnotationError)) throw error;
        tell('E', `store.go:951] ${error.message}`);
        return [];
      }
    });
  }
}
