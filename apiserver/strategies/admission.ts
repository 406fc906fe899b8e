import { admissionregistrationKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { type Strategy, strategyKey } from '../registry/strategy.ts';
import {
  mutatingAdmissionPolicyBindingStrategy,
  mutatingAdmissionPolicyStrategy,
} from './admissionregistration/mutating-admission-policy.ts';
import { bindingRefErrors, type PolicyAccess, paramKindErrors } from './admissionregistration/policy-access.ts';
import {
  validatingAdmissionPolicyBindingStrategy,
  validatingAdmissionPolicyStrategy,
} from './admissionregistration/validating-admission-policy.ts';
import {
  mutatingWebhookConfigurationStrategy,
  validatingWebhookConfigurationStrategy,
} from './admissionregistration/webhook-configuration.ts';

/** Strategies of the kinds that say what admission does. */
export const admissionStrategies = (access: PolicyAccess, objects: ObjectReader): readonly (readonly [string, Strategy<never>])[] => [
  [strategyKey(admissionregistrationKinds.mutatingwebhookconfigurations), mutatingWebhookConfigurationStrategy],
  [strategyKey(admissionregistrationKinds.validatingwebhookconfigurations), validatingWebhookConfigurationStrategy],
  [strategyKey(admissionregistrationKinds.validatingadmissionpolicies), validatingAdmissionPolicyStrategy(paramKindErrors(access))],
  [
    strategyKey(admissionregistrationKinds.validatingadmissionpolicybindings),
    validatingAdmissionPolicyBindingStrategy(bindingRefErrors(access, objects, admissionregistrationKinds.validatingadmissionpolicies)),
  ],
  [strategyKey(admissionregistrationKinds.mutatingadmissionpolicies), mutatingAdmissionPolicyStrategy(paramKindErrors(access))],
  [
    strategyKey(admissionregistrationKinds.mutatingadmissionpolicybindings),
    mutatingAdmissionPolicyBindingStrategy(bindingRefErrors(access, objects, admissionregistrationKinds.mutatingadmissionpolicies)),
  ],
];
