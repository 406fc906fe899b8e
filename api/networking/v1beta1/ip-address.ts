import { otherVersion } from '../../schema/other-version.ts';
import { type IPAddress, ipAddress as presentAddress, serviceCIDR as presentRange, type ServiceCIDR } from '../v1/ip-address.ts';

const VERSIONS = { from: 'io.k8s.api.networking.v1.', to: 'io.k8s.api.networking.v1beta1.' };

/** The same fields. */
export const ipAddress = otherVersion<IPAddress>(presentAddress, VERSIONS);

/** The same fields. */
export const serviceCIDR = otherVersion<ServiceCIDR>(presentRange, VERSIONS);
