// Who did what: the audit log.
export { AuditLog } from './audit-log.ts';
export { readAuditPolicy } from './policy.ts';
export { RotatingFile } from './rotating-file.ts';
