import type { KindInfo, KubeObject } from '../../api/index.ts';
import type { VersionView } from '../registry/strategy.ts';
import { normalForm } from './normal-form.ts';

/** The view of a version that has the fields of the stored one, and its rules. */
export const sameFields = (stored: KindInfo, own: KindInfo): VersionView => ({
  toStored: (object: KubeObject) => normalForm(stored, object),
  fromStored: (object: KubeObject) => normalForm(own, object),
});
