import type { KindInfo, KubeObject } from '../../api/index.ts';
import type { RequestContext } from '../registry/strategy.ts';

export type AdmissionOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What a plugin is asked about. */
export interface AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly kind: KindInfo;
  readonly namespace: string;
  readonly name: string;
  /** `''` for the object itself. */
  readonly subresource: string;
  /** What would be stored (CREATE, UPDATE); mutating plugins change it in place. */
  readonly object: KubeObject | undefined;
  /** What is stored (UPDATE, DELETE). */
  readonly old: KubeObject | undefined;
}

/** An admission plugin, under upstream's name; it refuses by throwing an ApiError. */
export interface AdmissionPlugin {
  readonly name: string;
  /** Changes the object before it is validated. */
  admit?(context: RequestContext, attributes: AdmissionAttributes): Promise<void> | void;
  /** Looks at the object after it was validated. */
  validate?(context: RequestContext, attributes: AdmissionAttributes): Promise<void> | void;
}
