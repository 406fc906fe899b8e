// `kube-webhook-certgen`, whose Jobs make the certificate of a webhook and tell the API server of it (upstream `images/kube-webhook-certgen`).
import { type Clock, generateKey, issueCertificate, keyToPem } from '../../../../runtime/index.ts';
import { commandLineOption } from '../command-line.ts';
import { ask, type InCluster, inCluster, RefusedError } from '../in-cluster/in-cluster.ts';
import { messageOf } from '../in-cluster/in-cluster-loop.ts';
import { defaultSignal, type ProcessContext, type Program } from '../program.ts';
import { parseTruth } from './settings.ts';

/** What ends it with what logrus calls a fatal line. */
class Fatal extends Error {
  override readonly name = 'Fatal';
}

export const webhookCertgen = (argv: readonly string[]): Program => ({
  start(context) {
    let isDone = false;
    const end = (code: number) => {
      if (isDone) return;
      isDone = true;
      context.exit(code);
    };
    run(context, argv).then(
      () => end(0),
      (error: unknown) => {
        if (!isDone)
          say(context, 'fatal', error instanceof Fatal ? error.message : messageOf(error), error instanceof Fatal ? error.cause : error);
        end(1);
      },
    );
    return {
      signal: (name) => defaultSignal({ isInit: context.isInit, exit: end }, name),
      dispose: () => {
        isDone = true;
      },
    };
  },
});

/** A line of logrus in JSON. */
function say(context: ProcessContext, level: string, msg: string, error?: unknown): void {
  const time = new Date(context.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  context.output('stderr', `${JSON.stringify({ ...(error === undefined ? {} : { err: messageOf(error) }), level, msg, time })}\n`);
}

interface Options {
  readonly option: (name: string) => string;
  readonly server: InCluster;
}

async function run(context: ProcessContext, argv: readonly string[]): Promise<void> {
  const options = { server: await inCluster(context), option: (name: string) => commandLineOption(argv, name) };
  const missing = ['secret-name', 'namespace', ...(argv[0] === 'create' ? ['host'] : [])].filter((name) => options.option(name) === '');
  if (missing.length > 0) throw new Error(`required flag(s) ${missing.map((name) => JSON.stringify(name)).join(', ')} not set`);
  if (argv[0] === 'create') await create(context, options);
  else if (argv[0] === 'patch') await patch(context, options);
  else throw new Error(`unknown command ${JSON.stringify(argv[0] ?? '')} for "kube-webhook-certgen"`);
}

const secretPath = ({ option }: Options): string => `/api/v1/namespaces/${option('namespace')}/secrets`;

/** The certificate of the authority, as the Secret has it; undefined without one. */
async function authorityOf(context: ProcessContext, options: Options): Promise<string | undefined> {
  try {
    const path = `${secretPath(options)}/${options.option('secret-name')}`;
    const { data } = (await ask(context, options.server, { method: 'GET', path })) as { readonly data?: Readonly<Record<string, string>> };
    if (data?.ca === undefined) throw new Fatal("got secret, but it did not contain a 'ca' key");
    return data.ca;
  } catch (error) {
    if (error instanceof Fatal) throw error;
    if (!(error instanceof RefusedError) || error.reason !== 'NotFound') throw new Fatal('error getting secret', { cause: error });
    say(context, 'info', 'no secret found', error);
    return undefined;
  }
}

async function create(context: ProcessContext, options: Options): Promise<void> {
  const { option, server } = options;
  if ((await authorityOf(context, options)) !== undefined) return say(context, 'info', 'secret already exists');
  say(context, 'info', 'creating new secret');
  const { ca, cert, key } = newCertificates(context.clock, option('host').split(','));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const data = { ca: base64(ca), [option('cert-name') || 'cert']: base64(cert), [option('key-name') || 'key']: base64(key) };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: option('secret-name') }, data };
  try {
    await ask(context, server, { method: 'POST', path: secretPath(options), body });
  } catch (error) {
    throw new Fatal('failed creating secret', { cause: error });
  }
}

const BEFORE_MS = 5 * 60_000;
const GOOD_MS = 100 * 365 * 86_400_000;

function newCertificates(clock: Clock, hosts: readonly string[]): { readonly ca: string; readonly cert: string; readonly key: string } {
  const notBeforeMs = clock.now() - BEFORE_MS;
  const times = { notBeforeMs, notAfterMs: notBeforeMs + GOOD_MS };
  const [rootKey, key] = [generateKey(), generateKey()];
  const subject = { commonName: 'nil1', organizations: ['nil1'] };
  return {
    ca: issueCertificate({ subject, key: rootKey, use: 'ca', ...times }),
    cert: issueCertificate({
      subject: { commonName: 'nil2', organizations: ['nil2'] },
      key,
      issuer: { subject, key: rootKey },
      use: 'server',
      hosts,
      ...times,
    }),
    key: keyToPem(key),
  };
}

/** As much of a configuration of webhooks as is changed. */
interface Configuration {
  readonly webhooks?: readonly { readonly clientConfig: object; readonly failurePolicy?: string }[];
}

async function patch(context: ProcessContext, options: Options): Promise<void> {
  const { option } = options;
  const isWanted = (name: string) => parseTruth(option(name)) ?? true;
  const [mutating, validating] = [isWanted('patch-mutating'), isWanted('patch-validating')];
  const policy = option('patch-failure-policy');
  if (policy !== '' && policy !== 'Ignore' && policy !== 'Fail') throw new Fatal(`patch-failure-policy ${policy} is not valid`);
  const ca = await authorityOf(context, options);
  if (ca === undefined) throw new Fatal(`no secret with '${option('secret-name')}' in '${option('namespace')}'`);
  const name = option('webhook-name');
  const what = `mutating=${mutating}, validating=${validating}, failurePolicy=${policy === 'Fail' ? policy : ''}`;
  say(context, 'info', `patching webhook configurations '${name}' ${what}`);
  if (validating) await patchOne(context, options, { kind: 'validating', name, ca, policy });
  if (mutating) await patchOne(context, options, { kind: 'mutating', name, ca, policy });
  say(context, 'info', 'Patched hook(s)');
}

async function patchOne(
  context: ProcessContext,
  { server }: Options,
  { kind, name, ca, policy }: { readonly kind: string; readonly name: string; readonly ca: string; readonly policy: string },
): Promise<void> {
  const path = `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations/${name}`;
  const request = async (doing: string, method: string, body?: object) => {
    try {
      return await ask(context, server, { method, path, body });
    } catch (error) {
      throw new Fatal(`failed ${doing} ${kind} webhook`, { cause: error });
    }
  };
  const found = (await request('getting', 'GET')) as Configuration;
  const webhooks = (found.webhooks ?? []).map((one) => ({
    ...one,
    clientConfig: { ...one.clientConfig, caBundle: ca },
    ...(policy === 'Fail' ? { failurePolicy: policy } : {}),
  }));
  await request('patching', 'PUT', { ...found, webhooks });
}
