import { coreKinds, type Service } from '../../api/index.ts';
import type { AdmissionPlugin } from './plugin.ts';
import { refusal } from './refusal.ts';

/** Services get no addresses that others may have; those they have they may keep. Upstream: `plugin/pkg/admission/network/denyserviceexternalips`. */
export const denyServiceExternalIps: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  validate: (_context, attributes) => {
    const { operation, kind, subresource, object, old } = attributes;
    if (kind !== coreKinds.services || subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const had = new Set(addressesOf(old));
    if (addressesOf(object).every((ip) => had.has(ip))) return;
    throw refusal(attributes, 'Use of external IPs is denied by admission control');
  },
};

/** The objects of a services request are Services: they were decoded as such. */
const addressesOf = (object: unknown): readonly string[] => (object as Service | undefined)?.spec.externalIPs ?? [];
