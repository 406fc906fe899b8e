export { type TlsLimits, tlsLimits } from '../../runtime/index.ts';
