// Encryption at rest: what objects are sealed with in the store.
export { Encryption, type EncryptionOptions } from './encryption.ts';
