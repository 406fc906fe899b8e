import type { Authorizer } from '../../auth/types.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import type { ParamPlaces } from './params.ts';

/** What policies of either sort need. */
export interface PolicyOptions extends ParamPlaces {
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  readonly metrics: AdmissionMetrics;
}
