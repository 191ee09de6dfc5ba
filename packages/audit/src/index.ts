export type { AuditDisk } from './disk.ts';
export { type AuditLog, type AuditLogOptions, type AuditStatus, openAuditLog } from './log.ts';
export type { AuditEvent, AuditRecord } from './record.ts';
export { readRecords } from './tail.ts';
export { type AuditFault, type AuditReport, verifyAudit } from './verify.ts';
