// The public face of ingress-nginx: what it takes to run it is loaded when the first pod does.
import { type Loader, lateProgram, type Make } from '../late-program.ts';

const controller: Loader = async () => (await import('./controller.ts')).ingressController;
const certgen: Loader = async () => (await import('./webhook-certgen.ts')).webhookCertgen;

/** Programs by their names in descriptions of images. */
export const INGRESS_PROGRAMS: Readonly<Record<string, Make>> = {
  'ingress-nginx': (argv) => lateProgram(controller, argv),
  'kube-webhook-certgen': (argv) => lateProgram(certgen, argv),
};
