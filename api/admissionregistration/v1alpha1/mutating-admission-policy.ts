import { otherVersion } from '../../schema/other-version.ts';
import {
  mutatingAdmissionPolicyBinding as laterBinding,
  mutatingAdmissionPolicy as laterPolicy,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
} from '../v1beta1/mutating-admission-policy.ts';

/** The same as in v1beta1. */
const here = { from: 'io.k8s.api.admissionregistration.v1beta1.', to: 'io.k8s.api.admissionregistration.v1alpha1.' };

export const mutatingAdmissionPolicy = otherVersion<MutatingAdmissionPolicy>(laterPolicy, here);
export const mutatingAdmissionPolicyBinding = otherVersion<MutatingAdmissionPolicyBinding>(laterBinding, here);
