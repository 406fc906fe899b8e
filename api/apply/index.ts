export { type ApplyType, applyTypeOf, type ListType, type MapType, type TypedField, UNTYPED, UNTYPED_ATOMIC } from './apply-type.ts';
export { equalValues } from './equal.ts';
export {
  difference,
  EMPTY,
  type FieldSet,
  has,
  isEmpty,
  setOfNames,
  setOfPath,
  showPath,
} from './field-set.ts';
export {
  capUpdates,
  decodeSent,
  decodeStored,
  type EncodedEntry,
  encode,
  idOf,
  isReset,
  type Managed,
  type ManagedEntry,
  type ManagerInfo,
  sameButTimes,
} from './managed.ts';
export { merge } from './merge.ts';
export { ApplyTypeError, showElement } from './path-element.ts';
export {
  type Applied,
  apply,
  type Conflict,
  ConflictsError,
  type Target,
  trackUpdate,
  unchangedFieldsOf,
  type Version,
} from './update.ts';
export { validate, validateStored } from './validate.ts';
