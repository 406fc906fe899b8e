// Objects in and out of their encodings: JSON, YAML, protobuf.
export { type Decoded, decode } from './decode.ts';
export { cannotBeHandled, DecodeError, type TypeMeta } from './decode-error.ts';
export { duplicateFields, hasDuplicates, strictProblems } from './duplicates.ts';
