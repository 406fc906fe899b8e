// Who did what: the audit log.
export { createAuditor } from './create.ts';
