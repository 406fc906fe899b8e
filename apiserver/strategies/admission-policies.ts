import { admissionregistrationKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { type Strategy, strategyKey } from '../registry/strategy.ts';
import type { PolicyAccess } from './admissionregistration/policy-access.ts';
import {
  validatingAdmissionPolicyBindingStrategy,
  validatingAdmissionPolicyStrategy,
} from './admissionregistration/validating-admission-policy.ts';

/** Strategies of admission policies and their bindings. */
export const policyStrategies = (access: PolicyAccess, objects: ObjectReader): readonly (readonly [string, Strategy<never>])[] => [
  [strategyKey(admissionregistrationKinds.validatingadmissionpolicies), validatingAdmissionPolicyStrategy(access)],
  [strategyKey(admissionregistrationKinds.validatingadmissionpolicybindings), validatingAdmissionPolicyBindingStrategy(access, objects)],
];
