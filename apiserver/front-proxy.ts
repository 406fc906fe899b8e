import { type Dial, type RequestHeaderNames, type RequestHeaderOptions, requestHeaderCheck } from '../runtime/index.ts';
import type { AggregationSettings } from './aggregation/index.ts';
import { type CertificatePair, FRONT_PROXY_NAME } from './pki/index.ts';
import type { KubeletOptions } from './rest/kubelet-connector.ts';
import { type ApiServerValues, readPem } from './settings.ts';

/** Which front proxies may name users, and in which headers. @param ca PEM of their authorities, as it is now. */
export function requestHeadersOf(values: ApiServerValues, ca: () => string): RequestHeaderOptions {
  const { 'requestheader-client-ca-file': caFile, 'requestheader-allowed-names': allowed } = values;
  return {
    get ca() {
      return ca();
    },
    allowedNames: caFile === undefined && allowed.length === 0 ? [FRONT_PROXY_NAME] : allowed,
    ...headerNamesOf(values),
  };
}

const headerNamesOf = (values: ApiServerValues): RequestHeaderNames => ({
  usernameHeaders: values['requestheader-username-headers'],
  uidHeaders: values['requestheader-uid-headers'],
  groupHeaders: values['requestheader-group-headers'],
  extraHeaderPrefixes: values['requestheader-extra-headers-prefix'],
});

/** How kubelets are reached. @param identity what they are shown. @param dial the way there; direct without. */
export function kubeletsOf(values: ApiServerValues, identity: () => CertificatePair, dial: Dial | undefined): KubeletOptions {
  const ca = values['kubelet-certificate-authority'];
  return {
    identity,
    ca: ca === undefined ? undefined : readPem('kubelet-certificate-authority', ca),
    addressTypes: values['kubelet-preferred-address-types'],
    dial,
  };
}

/** How this server is the front proxy of others. @param certificate what it shows them. */
export const aggregationOf = (values: ApiServerValues, certificate: () => CertificatePair): AggregationSettings => ({
  certificate,
  rejectRedirects: values['aggregator-reject-forwarding-redirect'],
  namesUser: requestHeaderCheck(headerNamesOf(values)),
});
