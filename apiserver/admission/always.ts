import type { AdmissionPlugin } from './plugin.ts';
import { refusal } from './refusal.ts';

/** Admits everything. Upstream: `plugin/pkg/admission/admit`. */
export const alwaysAdmit: AdmissionPlugin = { name: 'AlwaysAdmit', admit: () => undefined };

/** Admits nothing. Upstream: `plugin/pkg/admission/deny`. */
export const alwaysDeny: AdmissionPlugin = {
  name: 'AlwaysDeny',
  admit: (_context, attributes) => {
    throw refusal(attributes, 'admission control is denying all modifications');
  },
};
